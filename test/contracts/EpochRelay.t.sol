// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochRelay} from "../../contracts/aztec/EpochRelay.sol";
import {IAztecRollup} from "../../contracts/aztec/IAztecRollup.sol";
import {IEpochBonds} from "../../contracts/aztec/IEpochBonds.sol";
import {BondsFixture} from "../support/solidity/BondsFixture.sol";
import {FakeRollup} from "../support/solidity/FakeRollup.sol";

/// @title A rollup that refuses with far more than anybody wants to read
contract BabblingRollup {
    fallback() external {
        assembly {
            revert(0x80, 10000)
        }
    }
}

/// @title A rollup that refuses with a megabyte
contract BombingRollup {
    fallback() external {
        assembly {
            revert(0x80, 0x100000)
        }
    }
}

contract EpochRelayTest is BondsFixture {
    function test_submitAndSettle_PostsAndSettlesInOne() public {
        IEpochBonds.Bond[] memory list = _listOf(opened());
        vm.prank(stranger);
        (bool posted, uint256 count) = relay.submitAndSettle(proofBy(proverId), list, stranger);
        assertTrue(posted, "posted");
        assertEq(count, 1, "settled");
        assertEq(balanceOf(prover), 3 ether, "the prover gets the tip, whoever relays");
        assertEq(balanceOf(stranger), 1 ether, "the relayer the bounty");
    }

    /// @dev Somebody copies the relayed proof and posts it first: the rest is done all the same.
    function test_submitAndSettle_ACopyThatWasPostedFirstPreventsNothing() public {
        IEpochBonds.Bond[] memory list = _listOf(opened());
        prove(proverId);
        (bool posted, uint256 count) = relay.submitAndSettle(proofBy(proverId), list, stranger);
        assertFalse(posted, "it was there");
        assertEq(count, 1, "settled");
    }

    function test_submitAndSettle_PassesOverWhatCannotBeSettled() public {
        IEpochBonds.Bond[] memory list = new IEpochBonds.Bond[](3);
        list[0] = aBond();
        list[0].tip += 1; // Never opened.
        list[1] = opened();
        list[2] = list[1];
        (bool posted, uint256 count) = relay.submitAndSettle(proofBy(proverId), list, stranger);
        assertTrue(posted, "posted");
        assertEq(count, 1, "one of three");
    }

    function test_submitAndSettle_PostsWithoutBonds() public {
        (bool posted, uint256 count) = relay.submitAndSettle(proofBy(proverId), new IEpochBonds.Bond[](0), stranger);
        assertTrue(posted, "posted");
        assertEq(count, 0, "none");
    }

    function test_submitAndSettle_RevertWhen_NothingCouldBeDone() public {
        IEpochBonds.Bond[] memory list = _listOf(opened());
        IAztecRollup.SubmitEpochRootProofArgs memory proof = proofBy(proverId);
        proof.proof = "wrong";
        bytes memory reason = abi.encodeWithSelector(FakeRollup.InvalidProof.selector);
        vm.expectRevert(abi.encodeWithSelector(EpochRelay.NothingDone.selector, reason));
        relay.submitAndSettle(proof, list, stranger);
    }

    function test_submitAndSettle_CutsALongReason() public {
        EpochRelay babbled = new EpochRelay(IAztecRollup(address(new BabblingRollup())), bonds);
        vm.expectRevert(abi.encodeWithSelector(EpochRelay.NothingDone.selector, new bytes(256)));
        babbled.submitAndSettle(proofBy(proverId), new IEpochBonds.Bond[](0), stranger);
    }

    /// @dev Attack: a rollup, whose code its governance can change, refuses with a bomb. A copy of all of it would take the gas of the bonds.
    function test_submitAndSettle_AReturnBombKeepsNoBondWaiting() public {
        IEpochBonds.Bond[] memory list = _listOf(opened());
        prove(proverId);
        EpochRelay bombed = new EpochRelay(IAztecRollup(address(new BombingRollup())), bonds);
        (bool posted, uint256 count) = bombed.submitAndSettle{gas: 4_000_000}(proofBy(proverId), list, stranger);
        assertFalse(posted, "refused");
        assertEq(count, 1, "settled");
    }

    function test_submitAndSettle_NothingIsPostedWhereNoRollupIs() public {
        EpochRelay lost = new EpochRelay(IAztecRollup(account("nobody")), bonds);
        vm.expectRevert(abi.encodeWithSelector(EpochRelay.NothingDone.selector, ""));
        lost.submitAndSettle(proofBy(proverId), new IEpochBonds.Bond[](0), stranger);
    }

    /// @dev The least gas with which a call does not revert is what wallets give: with it the bond must not be passed over.
    function testFuzz_submitAndSettle_TooLittleGasNeverPassesOverABond(uint256 gas) public {
        IEpochBonds.Bond memory bond = opened();
        gas = 21_000 + (gas % 900_000);
        bytes memory call = abi.encodeCall(relay.submitAndSettle, (proofBy(proverId), _listOf(bond), stranger));
        (bool done, bytes memory data) = address(relay).call{gas: gas}(call);
        if (!done) assertEq(stateOf(bond), IEpochBonds.State.Open, "nothing happened");
        else {
            (, uint256 count) = abi.decode(data, (bool, uint256));
            assertEq(count, 1, "settled");
        }
    }

    function _listOf(IEpochBonds.Bond memory bond) private pure returns (IEpochBonds.Bond[] memory list) {
        list = new IEpochBonds.Bond[](1);
        list[0] = bond;
    }
}
