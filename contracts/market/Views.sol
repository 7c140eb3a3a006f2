// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {SlotWord} from "../libraries/SlotWord.sol";
import {Terms} from "../libraries/Terms.sol";
import {WorkloadWord} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title The packed words, unpacked for readers
abstract contract Views is WorkloadStore, IMarketExtension {
    /// @inheritdoc IMarketExtension
    function accountOf(address account) external view returns (uint256 balance, uint256 nonce, uint256 toBurn) {
        uint256 word = _account[account];
        return (uint96(word), uint32(word >> NONCE), uint96(word >> BURN));
    }

    /// @inheritdoc IMarketExtension
    function workloadOf(bytes32 workload) external view returns (WorkloadState memory state) {
        WorkloadWord w = _workloads[workload];
        state.phase = w.phase();
        if (state.phase == Phase.None) return state;
        if (state.phase == Phase.Final) {
            state.outcome = w.outcome();
            state.dutyEnded = w.dutyEnded();
            state.startedAt = w.time();
            return state;
        }
        state.redundancy = w.redundancy();
        if (state.phase == Phase.Pending) {
            state.fee = w.fee();
            state.round = w.time();
            state.epoch = w.epoch();
            return state;
        }
        state.startedAt = w.time();
        state.deadline = w.deadline();
        state.closedEarly = w.closed();
        state.vacated = w.vacated();
        state.accepted = w.accepted();
        state.committedOwn = w.own();
        state.commits = w.commits();
        state.judged = w.judged();
        if (state.judged) state.revealed = w.valid();
        else state.valid = w.valid();
        state.invalid = w.invalid();
        state.failReason = w.failReason();
        if (w.cancelRequest() != 0) state.cancelRequestedAt = w.time() + w.cancelRequest();
        state.dutyEnded = w.released();
    }

    /// @inheritdoc IMarketExtension
    function receiptOf(bytes32 workload) external view returns (uint256 receipt) {
        WorkloadWord w = _workloads[workload];
        return w.isIn(Phase.Final) ? w.receipt() : 0;
    }

    /// @inheritdoc IMarketExtension
    function judgingOf(Spec calldata spec) external view returns (Judging memory) {
        (bytes32 workload, WorkloadWord w) = _load(spec, Phase.Proving);
        StoredRules storage r = _rulesOf(spec);
        if (!w.judged()) revert NotJudged(workload);
        _checkRevealsOver(w);
        if (w.valid() == 0) revert NothingToJudge(workload);
        return
            Judging({
                workload: workload,
                commits: w.commits(),
                reveals: w.valid(),
                proofs: _proofs[workload],
                share: _committeeShareOf(Terms.wrap(spec.terms).fee(), r),
                verdictWindow: r.verdictWindow,
                beacon: r.beacon
            });
    }

    /// @inheritdoc IMarketExtension
    function slotOf(bytes32 workload, uint256 seat) external view returns (SlotView memory) {
        (, SlotWord s) = _find(seat, _workloads[workload].tag());
        return
            SlotView({
                state: s.state(),
                slot: s.slot(),
                order: s.order(),
                payload: s.payload(),
                held: s.held(),
                reason: s.reason()
            });
    }

    /// @inheritdoc IMarketExtension
    function openSlots(bytes32 workload) external view returns (uint256) {
        WorkloadWord w = _workloads[workload];
        return _isOpen(w) ? w.openSlots(block.timestamp) : 0;
    }

    /// @inheritdoc IMarketExtension
    function idOf(Spec calldata spec) external view returns (bytes32) {
        return _idOf(spec);
    }
}
