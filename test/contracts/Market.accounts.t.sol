// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Market} from "../../contracts/Market.sol";
import {GevulotToken} from "../../contracts/GevulotToken.sol";
import {MarketExtension} from "../../contracts/MarketExtension.sol";
import {IMarketExtension} from "../../contracts/interfaces/IMarket.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketAccountsTest is MarketFixture {
    function test_deposit_CreditsTheNamedAccount() public sound {
        token.approve(address(market), 5 ether);
        vm.expectEmit(address(market));
        emit Deposited(alice, address(this), 5 ether);
        market.deposit(alice, 5 ether);
        assertEq(balanceOf(alice), 5 ether, "balance");
        (, uint256 nonce, uint256 toBurn) = market.accountOf(alice);
        assertEq(nonce + toBurn, 0, "nothing else");
    }

    function test_deposit_RevertWhen_NotApproved() public sound {
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(market), 0, 1)
        );
        market.deposit(alice, 1);
    }

    /// @dev Attack: an amount that would spill into the other fields of the account word.
    function test_deposit_RevertWhen_AboveTheSupply() public sound {
        token.approve(address(market), type(uint256).max);
        vm.expectRevert();
        market.deposit(alice, 1 << 96);
        assertEq(burnOf(alice), 0, "nothing was written");
    }

    function test_withdraw_PaysOut() public sound {
        fund(alice, 5 ether);
        vm.expectEmit(address(market));
        emit Withdrawn(alice, bob, 2 ether);
        vm.prank(alice);
        market.withdraw(bob, 2 ether);
        assertEq(token.balanceOf(bob), 2 ether, "paid");
        assertEq(balanceOf(alice), 3 ether, "the rest");
    }

    function test_withdraw_RevertWhen_MoreThanTheBalance() public sound {
        fund(alice, 5 ether);
        vm.expectRevert(abi.encodeWithSelector(InsufficientBalance.selector, 5 ether, 5 ether + 1));
        vm.prank(alice);
        market.withdraw(alice, 5 ether + 1);
    }

    /// @dev Tokens that the market sends to itself would be in nobody's account, and nobody could ever take them out.
    function test_withdraw_RevertWhen_ToTheMarketItself() public sound {
        fund(alice, 5 ether);
        vm.expectRevert(abi.encodeWithSelector(InvalidRecipient.selector, address(market)));
        vm.prank(alice);
        market.withdraw(address(market), 1 ether);
    }

    /// @dev Attack: spend what is locked in a workload.
    function test_withdraw_RevertWhen_Locked() public sound {
        submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(InsufficientBalance.selector, 1000 ether - FEE, 1000 ether));
        vm.prank(requester);
        market.withdraw(requester, 1000 ether);
    }

    /// @dev Attack: spend what is booked to be burned.
    function test_withdraw_RevertWhen_ItIsABurn() public sound {
        submitProof(drawnToAlice(), seatOf[alice]);
        uint256 earned = balanceOf(alice);
        assertLt(0, burnOf(alice), "a burn is booked");
        vm.expectRevert(abi.encodeWithSelector(InsufficientBalance.selector, earned, earned + 1));
        vm.prank(alice);
        market.withdraw(alice, earned + 1);
        vm.prank(alice);
        market.withdraw(alice, earned);
        assertEq(burnOf(alice), baseBurnOf(FEE), "the burn stays");
    }

    function testFuzz_withdraw_KeepsEveryOtherField(uint256 deposited, uint256 withdrawn) public sound {
        submitProof(drawnToAlice(), seatOf[alice]);
        deposited = bound(deposited, 0, 1e8 ether);
        fund(alice, deposited);
        withdrawn = bound(withdrawn, 0, balanceOf(alice));
        uint256 before = balanceOf(alice);
        vm.prank(alice);
        market.withdraw(bob, withdrawn);
        (uint256 balance, uint256 nonce, uint256 toBurn) = market.accountOf(alice);
        assertEq(balance, before - withdrawn, "balance");
        assertEq(nonce, 0, "nonce");
        assertEq(toBurn, baseBurnOf(FEE), "burn");
    }

    function test_burnFees_BurnsWhatIsBooked() public sound {
        submitProof(drawnToAlice(), seatOf[alice]);
        Workload memory w = drawn(aRequest(), one(seatOf[bob]));
        submitProof(w, seatOf[bob]);
        uint256 supply = token.totalSupply();
        address[] memory accounts = new address[](3);
        (accounts[0], accounts[1], accounts[2]) = (alice, bob, alice);
        vm.expectEmit(address(market));
        emit FeesBurned(2 * baseBurnOf(FEE));
        market.burnFees(accounts);
        assertEq(token.totalSupply(), supply - 2 * baseBurnOf(FEE), "supply");
        assertEq(burnOf(alice) + burnOf(bob), 0, "booked no more, and once for who is named twice");
        assertEq(balanceOf(alice), potOf(FEE) + SETTLE_BOUNTY, "the balance is untouched");
    }

    function test_constructor_RevertWhen_TheSupplyDoesNotFit() public sound {
        GevulotToken large = new GevulotToken(address(this), uint256(1) << 96);
        IProverRegistry same = IProverRegistry(address(registry));
        vm.expectRevert(abi.encodeWithSelector(SupplyTooLarge.selector, uint256(1) << 96, (uint256(1) << 96) - 1));
        new MarketExtension(large, same);
    }

    function test_constructor_RevertWhen_TheRegistryIsAnothers() public sound {
        address made = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(NotOurRegistry.selector, market, made));
        new Market(extension, owner);
    }

    // ─── The extension ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_extension_SharesTheImmutables() public sound {
        assertEq(address(core.extension()), address(extension), "extension");
        assertEq(address(core.token()), address(extension.token()), "token");
        assertEq(address(core.registry()), address(extension.registry()), "registry");
    }

    function test_extension_FallbackPassesReturnsAndReverts() public sound {
        assertEq(market.rulesOf(1).revealWindow, REVEAL_WINDOW, "a return");
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(this)));
        market.addRules(someRules());
        (bool ok, bytes memory answer) = address(market).call(abi.encodeWithSignature("nothingLikeThis()"));
        assertFalse(ok, "no such function anywhere");
        assertEq(answer.length, 0, "and no reason");
    }

    function test_extension_TakesNoEther() public sound {
        vm.deal(address(this), 1 ether);
        (bool ok, ) = address(market).call{value: 1}("");
        assertFalse(ok, "refused");
    }

    /// @dev Attack: call the extension at its own address. It holds nothing and its storage means nothing to the market.
    function test_extension_DirectCallsTouchNothing() public sound {
        Workload memory w = drawnToAlice();
        IMarketExtension direct = IMarketExtension(address(extension));
        bytes32 id = direct.idOf(w.spec);
        assertTrue(id != w.id, "the id names the market");
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, id, Phase.None, Phase.Proving));
        direct.fail(w.spec, seatOf[alice], FailReason.OutOfTime);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, id, Phase.None, Phase.Final));
        direct.clear(w.spec, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, id, Phase.None, Phase.Proving));
        vm.prank(alice);
        direct.decline(w.spec, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", owner));
        vm.prank(owner);
        direct.addRules(someRules());
        direct.burnFees(new address[](1));
        assertSlot(w, seatOf[alice], SlotState.Assigned);
    }
}
