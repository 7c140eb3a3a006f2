// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketViewer} from "../../contracts/MarketViewer.sol";
import {IMarketViewer, IMarketViewerTypes} from "../../contracts/interfaces/IMarketViewer.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @notice The viewer's cancels against the market's.
contract MarketViewerCancelsTest is MarketFixture {
    using RequestBuilder for Request;

    MarketViewer private _viewer;

    function setUp() public override {
        super.setUp();
        _viewer = new MarketViewer(IProverRegistry(address(registry)));
    }

    function testFuzz_previewCancel_IsWhatTheMarketPays(uint256 elapsed, uint256 fee, uint256 accepts) public sound {
        fee = bound(fee, MINIMUM_RATE * RUN_TIME * 3, 900 ether);
        uint256[] memory all = three(seatOf[alice], seatOf[bob], seatOf[carol]);
        Workload memory w = drawn(aRequest().withSlots(3).withFee(fee), all);
        uint256[] memory seats = new uint256[](bound(accepts, 0, 3));
        for (uint256 i; i < seats.length; ++i) accept(w, seats[i] = all[i]);
        cancel(w, none());
        warp(w.startedAt + bound(elapsed, CANCEL_DELAY + 1, RUN_TIME));
        _cancelAndCompare(w, seats);
    }

    function test_previewCancel_BeforeTheRoundIsFixedEverythingIsRefunded() public sound {
        Workload memory w = submit(aRequest());
        _cancelAndCompare(w, none());
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.NotInPhase.selector, w.id, Phase.Final));
        _viewer.previewCancel(w.spec, none());
    }

    function test_previewCancel_RevertWhen_TheRoundIsFixed() public sound {
        Workload memory w = submit(aRequest());
        beacon.publish(uint32(w.round), bytes32(uint256(1)));
        _refuses(w, none(), abi.encodeWithSelector(IMarketViewer.NotCancellable.selector, w.id));
    }

    function test_previewCancel_RevertWhen_ItIsTooEarlyOrTooLate() public sound {
        Workload memory w = drawnToAliceAndBob();
        bytes memory not = abi.encodeWithSelector(IMarketViewer.NotCancellable.selector, w.id);
        _refuses(w, none(), not); // Nobody asked for it.
        warp(w.startedAt + 40);
        cancel(w, none());
        uint256 from = w.startedAt + 40 + CANCEL_DELAY;
        warp(from - 1);
        _refuses(w, none(), abi.encodeWithSelector(IMarketViewer.TooEarly.selector, block.timestamp, from));
        commit(w, seatOf[alice]);
        warp(from);
        _refuses(w, none(), not); // A commit voids it.
    }

    function test_previewCancel_RevertWhen_TheDeadlineIsOver() public sound {
        Workload memory w = drawnToAlice();
        cancel(w, none());
        warp(deadlineOf(w) + 1);
        _refuses(w, none(), abi.encodeWithSelector(IMarketViewer.NotCancellable.selector, w.id));
    }

    function test_previewCancel_RevertWhen_TheListIsNotWhoAccepted() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        accept(w, seatOf[bob]);
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        _refuses(w, one(seatOf[alice]), abi.encodeWithSelector(IMarketViewer.ListIncomplete.selector, 1, 2));
        uint256[] memory twice = pair(seatOf[alice], seatOf[alice]);
        _refuses(w, twice, abi.encodeWithSelector(IMarketViewer.ListIncomplete.selector, 1, 2));
        uint256[] memory more = three(seatOf[alice], seatOf[bob], seatOf[carol]);
        _refuses(w, more, abi.encodeWithSelector(IMarketViewer.ListIncomplete.selector, 3, 2));
        _cancelAndCompare(w, pair(seatOf[bob], seatOf[alice]));
    }

    /// @dev What the market's events say is what the viewer said before.
    function _cancelAndCompare(Workload memory w, uint256[] memory seats) private {
        IMarketViewerTypes.End memory end = _viewer.previewCancel(w.spec, seats);
        assertEq(end.payees.length, seats.length, "payees");
        for (uint256 i; i < seats.length; ++i) {
            assertEq(end.payees[i].seat, seats[i], "seat");
            assertEq(end.payees[i].operator, operatorOf[seats[i]], "operator");
            vm.expectEmit(address(market));
            emit SlotSettled(w.id, seats[i], 0, end.payees[i].amount);
        }
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Cancelled, end.paid, end.refunded, end.burned);
        cancel(w, seats);
    }

    function _refuses(Workload memory w, uint256[] memory seats, bytes memory reason) private {
        vm.expectRevert(reason);
        _viewer.previewCancel(w.spec, seats);
    }
}
