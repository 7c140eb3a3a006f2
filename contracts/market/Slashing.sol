// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore} from "../interfaces/IMarket.sol";
import {SlotWord} from "../libraries/SlotWord.sol";
import {WorkloadWord} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title The report of silence
/// @notice Part of the hot path not because it is frequent: reporting must be cheap wherever a bounty has to pay for it.
abstract contract Slashing is WorkloadStore, IMarketCore {
    /// @inheritdoc IMarketCore
    function slash(Spec calldata spec, uint256[] calldata seats) external {
        bytes32 workload = _idOf(spec);
        WorkloadWord w = _workloads[workload];
        if (w.phase() < Phase.Proving) revert WrongPhase(workload, w.phase(), Phase.Proving);
        bool excused = w.isIn(Phase.Final) ? w.dutyEnded() : w.released();
        uint256 silentAt = w.time() + _rulesOf(spec).silenceWindow;
        if (block.timestamp <= silentAt) revert TooEarly(block.timestamp, silentAt + 1);
        address reporter = _msgSender();
        for (uint256 i; i < seats.length; ++i) {
            (uint256 key, SlotWord s) = _find(seats[i], w.tag());
            if (excused || !s.isIn(SlotState.Assigned)) revert NotSilent(seats[i]);
            _slots[key] = s.become(SlotState.Free);
            emit Silent(workload, seats[i], reporter);
            registry.slash(seats[i], reporter);
        }
    }
}
