// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochBonds} from "../../contracts/aztec/IEpochBonds.sol";
import {Test} from "../support/solidity/Test.sol";
import {BondsHandler} from "./BondsHandler.sol";

/// @dev Here and not in BondsHandler.sol: the test runner knows the contracts of test files only.
contract EpochBondsHandler is BondsHandler {}

/// @title The invariants of epoch bonds, under any sequence of acts
contract BondsInvariants is Test {
    /// @dev How the test runner wants its targets.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    EpochBondsHandler private _handler;

    function setUp() public {
        _handler = new EpochBondsHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _acts());
    }

    function invariant_INV23_BondsHoldWhatTheyOwe() external view {
        _handler.checkBooks();
    }

    function invariant_INV24_AnyoneCanEndEveryBond() external {
        _handler.checkEnd();
    }

    /// @dev The acts reach what the invariants are about: every end that a rollup in order allows, each more than once.
    function test_sequence_EveryEndIsReached() public {
        bytes4[] memory acts = _acts();
        uint256 seed = 1;
        for (uint256 i; i < 4000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            (bool done, ) = address(_handler).call(abi.encodeWithSelector(acts[seed % acts.length], seed >> 8));
            assertTrue(done, "an act failed");
        }
        _handler.checkBooks();
        assertLe(10, _handler.ends(IEpochBonds.State.Kept), "kept");
        assertLe(10, _handler.ends(IEpochBonds.State.Covered), "covered");
        assertLe(10, _handler.ends(IEpochBonds.State.Broken), "broken");
    }

    function _acts() private view returns (bytes4[] memory acts) {
        acts = new bytes4[](13);
        acts[0] = _handler.actWait.selector;
        acts[1] = _handler.actPropose.selector;
        acts[2] = _handler.actPropose.selector;
        acts[3] = _handler.actProve.selector;
        acts[4] = _handler.actProve.selector;
        acts[5] = _handler.actInvalidate.selector;
        acts[6] = _handler.actOpen.selector;
        acts[7] = _handler.actOpen.selector;
        acts[8] = _handler.actSettle.selector;
        acts[9] = _handler.actRequest.selector;
        acts[10] = _handler.actWithdraw.selector;
        acts[11] = _handler.actBurn.selector;
        acts[12] = _handler.actDeposit.selector;
    }
}
