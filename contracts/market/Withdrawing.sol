// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {BeaconCall} from "../libraries/BeaconCall.sol";
import {FrozenRules} from "../libraries/FrozenRules.sol";
import {SlotWord} from "../libraries/SlotWord.sol";
import {Terms} from "../libraries/Terms.sol";
import {WorkloadWord} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Ways out before the end: decline and fail for provers, release and cancel for requesters
abstract contract Withdrawing is WorkloadStore, IMarketExtension {
    /// @inheritdoc IMarketExtension
    function decline(Spec calldata spec, uint256 seat) external {
        (bytes32 workload, WorkloadWord w, uint256 key, SlotWord s) = _answer(spec, seat);
        if (!s.isIn(SlotState.Assigned)) revert WrongSlotState(seat, s.state());
        if (_isOpen(w)) _workloads[workload] = w.vacate();
        _slots[key] = s.become(SlotState.Free);
        emit Declined(workload, seat);
        bool excused = w.isIn(Phase.Final) ? w.dutyEnded() : w.released();
        if (!excused) registry.countDecline(seat);
    }

    /// @inheritdoc IMarketExtension
    function fail(Spec calldata spec, uint256 seat, FailReason reason) external {
        if (reason == FailReason.None) revert InvalidTerms("reason", 0, 1, uint256(type(FailReason).max));
        (bytes32 workload, WorkloadWord w, uint256 key, SlotWord s) = _answer(spec, seat);
        if (!s.busy()) revert WrongSlotState(seat, s.state());
        emit Failed(workload, seat, reason);
        if (w.isIn(Phase.Final)) {
            _free(workload, key, s, w.outcome() == Outcome.Proven && !w.dutyEnded(), false);
            return;
        }
        if (w.released()) {
            // Nobody has to answer any more: the seat is free without a miss, and waits for no compensation.
            if (s.held()) _workloads[workload] = w.unaccept();
            _free(workload, key, s, false, false);
            return;
        }
        bool open = _isOpen(w);
        // Whatever the reason was, after the close it came too late to open the slot.
        if (!open) reason = FailReason.OutOfTime;
        if (s.held()) w = w.unaccept();
        if (open) w = w.vacate();
        // A seat that never accepted and speaks up after the close does not turn "unserved" into "timed out".
        if (open || s.held()) _workloads[workload] = w.addReason(reason);
        _slots[key] = s.become(SlotState.Failed).withReason(reason);
    }

    /// @inheritdoc IMarketExtension
    function release(Spec calldata spec) external {
        bytes32 workload = _idOf(spec);
        _checkRequester(workload, spec.requester);
        WorkloadWord w = _loadOpen(workload);
        if (w.commits() == 0) revert NoCommits();
        _workloads[workload] = w.close(block.timestamp);
        emit CommitsClosed(workload, true);
    }

    /// @inheritdoc IMarketExtension
    function cancel(Spec calldata spec, uint256[] calldata seats) external {
        bytes32 workload = _idOf(spec);
        _checkRequester(workload, spec.requester);
        WorkloadWord w = _workloads[workload];
        if (w.isIn(Phase.Pending)) {
            // Once the draw can be known, a free cancel would be a free re-roll. Where the beacon does not say, the draw's end refunds.
            if (!BeaconCall.isOpen(_rules[w.rules()].beacon, w.time())) revert RoundFixed(w.time());
            _credit(spec.requester, w.fee());
            _finish(workload, w, Outcome.Cancelled, true, Ledger(0, w.fee(), 0, 0));
            return;
        }
        w = _loadOpen(workload);
        if (w.commits() != 0) revert CommitsExist(w.commits());
        uint256 delay = _rulesOf(spec).cancelDelay;
        uint256 requested = w.cancelRequest();
        if (requested == 0) {
            w = w.requestCancel(block.timestamp);
            _workloads[workload] = w;
            emit CancelRequested(workload, w.time() + w.cancelRequest() + delay);
            return;
        }
        uint256 from = w.time() + requested + delay;
        if (block.timestamp < from) revert CancelDelayRunning(block.timestamp, from);
        _cancelProving(workload, spec, w, seats);
    }

    /// @dev Second step: every seat that accepted in time gets its slot's part of the pot for the time that went by; the rest
    /// is refunded. The base burn and the assign bounty are not.
    function _cancelProving(bytes32 workload, Spec calldata spec, WorkloadWord w, uint256[] calldata seats) private {
        if (seats.length != w.accepted()) revert ClaimsIncomplete(seats.length, w.accepted());
        Ledger memory ledger;
        FrozenRules frozen = w.frozen();
        uint256 fee = Terms.wrap(spec.terms).fee();
        uint256 pot = frozen.potOf(fee);
        uint256 each = (pot * (block.timestamp - w.time())) / (w.runTime() * w.redundancy());
        for (uint256 i; i < seats.length; ++i) {
            (uint256 key, SlotWord s) = _find(seats[i], w.tag());
            if (!s.held() || !s.isIn(SlotState.Accepted)) revert WrongSlotState(seats[i], s.state());
            _free(workload, key, s, false, false);
            _pay(workload, seats[i], s.payload(), 0, each);
        }
        ledger.paid = each * seats.length;
        ledger.refunded = pot - ledger.paid;
        ledger.burned = frozen.baseBurnOf(fee);
        _creditAndBurn(spec.requester, ledger.refunded + frozen.settleBounty(), ledger.burned);
        _finish(workload, w, Outcome.Cancelled, true, ledger);
    }

    function _checkRequester(bytes32 workload, address requester) private view {
        address caller = _msgSender();
        if (requester != caller) revert NotRequester(workload, caller, requester);
    }

    /// @dev What an answer other than a commit needs: it is possible in any phase after the draw until the silence window is over.
    function _answer(
        Spec calldata spec,
        uint256 seat
    ) private view returns (bytes32 workload, WorkloadWord w, uint256 key, SlotWord s) {
        workload = _idOf(spec);
        w = _workloads[workload];
        if (w.phase() < Phase.Proving) revert WrongPhase(workload, w.phase(), Phase.Proving);
        (key, s) = _findOwn(workload, w, seat);
        uint256 silentAt = w.time() + _rulesOf(spec).silenceWindow;
        if (s.isIn(SlotState.Assigned) && block.timestamp > silentAt)
            revert SilenceWindowOver(block.timestamp, silentAt);
    }
}
