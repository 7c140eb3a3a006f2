// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {SlotWord} from "../libraries/SlotWord.sol";
import {WorkloadWord} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Seats that were left out when their workload ended
abstract contract Clearing is WorkloadStore, IMarketExtension {
    /// @inheritdoc IMarketExtension
    function clear(Spec calldata spec, uint256[] calldata seats) external {
        (bytes32 workload, WorkloadWord w) = _load(spec, Phase.Final);
        for (uint256 i; i < seats.length; ++i) {
            (uint256 key, SlotWord s) = _find(seats[i], w.tag());
            if (s.isIn(SlotState.Free)) revert SeatNotInWorkload(workload, seats[i]);
            _release(workload, key, s, w.outcome(), w.dutyEnded());
        }
    }
}
