// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore} from "../../contracts/interfaces/IMarket.sol";
import {RelayFixture} from "../support/solidity/RelayFixture.sol";

contract MarketPermitTest is RelayFixture {
    bytes32 private constant PERMIT = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );
    uint256 private constant AMOUNT = 7 ether;

    function setUp() public override {
        super.setUp();
        token.transfer(alice, AMOUNT);
    }

    function test_depositWithPermit_NeedsNoApproval() public sound {
        (uint8 v, bytes32 r, bytes32 s) = _permit(ALICE_KEY, block.timestamp);
        vm.prank(alice);
        market.depositWithPermit(alice, AMOUNT, block.timestamp, v, r, s);
        assertEq(balanceOf(alice), AMOUNT, "deposited");
        assertEq(token.allowance(alice, address(market)), 0, "and nothing left to take");
    }

    /// @dev Attack: somebody takes the permit from the mempool and sends it first, so that the deposit fails.
    function test_depositWithPermit_SurvivesAPermitSentBefore() public sound {
        (uint8 v, bytes32 r, bytes32 s) = _permit(ALICE_KEY, block.timestamp);
        vm.prank(mallory);
        token.permit(alice, address(market), AMOUNT, block.timestamp, v, r, s);
        vm.prank(alice);
        market.depositWithPermit(alice, AMOUNT, block.timestamp, v, r, s);
        assertEq(balanceOf(alice), AMOUNT, "deposited");
    }

    /// @dev Attack: Mallory uses Alice's permit for a deposit to itself.
    function test_depositWithPermit_RevertWhen_ThePermitIsAnothers() public sound {
        (uint8 v, bytes32 r, bytes32 s) = _permit(ALICE_KEY, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(market), 0, AMOUNT)
        );
        vm.prank(mallory);
        market.depositWithPermit(mallory, AMOUNT, block.timestamp, v, r, s);
    }

    function test_depositWithPermit_RevertWhen_ThePermitIsTooLate() public sound {
        (uint8 v, bytes32 r, bytes32 s) = _permit(ALICE_KEY, block.timestamp - 1);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(market), 0, AMOUNT)
        );
        vm.prank(alice);
        market.depositWithPermit(alice, AMOUNT, block.timestamp - 1, v, r, s);
    }

    /// @dev An account with tokens and no gas: two signatures, and somebody else's transaction.
    function test_depositWithPermit_WorksRelayed() public sound {
        (uint8 v, bytes32 r, bytes32 s) = _permit(ALICE_KEY, block.timestamp);
        execute(anAction(abi.encodeCall(IMarketCore.depositWithPermit, (alice, AMOUNT, block.timestamp, v, r, s))));
        assertEq(balanceOf(alice), AMOUNT, "deposited");
    }

    function _permit(uint256 key, uint256 deadline) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 content = keccak256(abi.encode(PERMIT, alice, address(market), AMOUNT, token.nonces(alice), deadline));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), content)));
    }
}
