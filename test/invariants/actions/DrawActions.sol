// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketEvents} from "../../../contracts/interfaces/IMarket.sol";
import {Vm} from "../../support/solidity/Vm.sol";
import {CHEATS} from "../world/Cheats.sol";
import {RequestActions} from "./RequestActions.sol";

/// @title The draw: assign and assignMany
/// @notice The model shuffles the set of the frozen epoch itself and says what becomes of every candidate; the event must say the same.
abstract contract DrawActions is RequestActions {
    uint256 private constant WINDOW = 3;

    /// @notice Draws one workload.
    function assign(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJob(Phase.Pending);
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        if (!_chance(6)) _goTo(job.round * 30 - (_chance(12) ? 1 : 0));
        bytes4 predicted = _assignError(job);
        address caller = _anybody();
        CHEATS.recordLogs();
        if (!_tryMarket("assign", caller, abi.encodeCall(IMarketCore.assign, (job.id)), predicted)) return;
        _applyAssign(index, caller, CHEATS.getRecordedLogs());
    }

    /// @notice Draws all live workloads in one call, those that can be drawn and those that cannot.
    function assignMany(uint256 seed) external {
        _begin(seed);
        if (_live.length == 0) return;
        if (_chance(4)) _goTo(_jobs[_live[_roll(_live.length)]].round * 30);
        uint256[] memory indexes = _live;
        bytes32[] memory ids = new bytes32[](indexes.length + 1);
        for (uint256 i; i < indexes.length; ++i) ids[i] = _jobs[indexes[i]].id;
        // The first one twice: the second time it is passed over.
        ids[indexes.length] = ids[0];
        address caller = _anybody();
        CHEATS.recordLogs();
        _tryMarket("assignMany", caller, abi.encodeCall(IMarketCore.assignMany, (ids)), 0);
        Vm.Log[] memory logs = CHEATS.getRecordedLogs();
        for (uint256 i; i < indexes.length; ++i) {
            if (_assignError(_jobs[indexes[i]]) == 0) _applyAssign(indexes[i], caller, logs);
        }
    }

    function _assignError(Job storage job) private view returns (bytes4) {
        if (job.phase != Phase.Pending) return WrongPhase.selector;
        if (_epochNow() > job.epoch + WINDOW) return AssignWindowOver.selector;
        if (_clock < job.round * 30 || _beacon.isLost(job.round)) return RoundNotKnown.selector;
        return 0;
    }

    function _applyAssign(uint256 index, address caller, Vm.Log[] memory logs) private {
        Job storage job = _jobs[index];
        bytes32 randomness = keccak256(abi.encode("round", uint32(job.round)));
        bytes32 seed = keccak256(abi.encode(randomness, job.id));
        uint256[] memory seats = _shuffled(job.class, job.epoch, seed, 3 * job.redundancy);
        (Draw[] memory draws, uint256[] memory slots, uint256 looked) = _judge(job, seats);
        uint256[] memory reported = _reported(job.id, logs);
        _same("candidates", reported.length, looked);
        uint256 drawn;
        job.drawnAt = _clock;
        job.phase = Phase.Proving;
        for (uint256 i; i < looked; ++i) {
            uint256 word = uint256(uint160(_seats[seats[i]].operator)) * 2 ** 96;
            word += slots[i] * 2 ** 32 + uint256(draws[i]) * 2 ** 24 + seats[i];
            _same("candidate", reported[i], word);
            if (draws[i] != Draw.Drawn) continue;
            ++drawn;
            _checkDrawn(job, seats, i);
            _addPlace(index, seats[i], false, slots[i]).state = SlotState.Assigned;
        }
        job.undrawn = job.redundancy - drawn;
        _payFrom(job, caller, uint256(_rules[job.rules].assignBounty) * GWEI_UNIT, true);
        ++seen[drawn == job.redundancy ? "all slots drawn" : "slots left undrawn"];
    }

    /// @dev What becomes of each candidate. Distinct operators first; only when the sequence is exhausted a second seat of one.
    /// As many candidates as slots are looked at, and all if one of those was passed over.
    function _judge(
        Job storage job,
        uint256[] memory seats
    ) private returns (Draw[] memory draws, uint256[] memory slots, uint256 looked) {
        draws = new Draw[](seats.length);
        slots = new uint256[](seats.length);
        uint256 wanted = job.redundancy;
        uint256 drawn;
        looked = seats.length < wanted ? seats.length : wanted;
        for (uint256 i; i < looked; ++i) {
            draws[i] = drawn == wanted ? Draw.Spare : _fitness(job, seats, draws, i);
            slots[i] = draws[i] == Draw.Drawn ? drawn++ : OPEN;
            ++seen[_drawName(draws[i])];
            if (i + 1 == wanted && drawn < wanted) looked = seats.length;
        }
        for (uint256 i; i < looked && drawn < wanted; ++i) {
            if (draws[i] != Draw.SameOperator) continue;
            draws[i] = _isFree(seats[i]) ? Draw.Drawn : Draw.Busy;
            if (draws[i] == Draw.Drawn) slots[i] = drawn++;
        }
    }

    function _fitness(
        Job storage job,
        uint256[] memory seats,
        Draw[] memory draws,
        uint256 i
    ) private view returns (Draw) {
        SeatBook storage s = _seats[seats[i]];
        if (s.status != SeatStatus.Active && s.status != SeatStatus.Leaving) return Draw.Inactive;
        if (s.floor * job.maxRunTime * job.redundancy * GWEI_UNIT > job.fee) return Draw.BelowFloor;
        for (uint256 j; j < i; ++j) {
            if (draws[j] == Draw.Drawn && _seats[seats[j]].operator == s.operator) return Draw.SameOperator;
        }
        return _isFree(seats[i]) ? Draw.Drawn : Draw.Busy;
    }

    /// @dev Invariant 7 for one drawn seat, and invariant 11: whoever left can be held until the workload is over.
    function _checkDrawn(Job storage job, uint256[] memory seats, uint256 i) private view {
        SeatBook storage s = _seats[seats[i]];
        for (uint256 j; j < i; ++j) if (seats[j] == seats[i]) revert Differs("drawn twice", seats[i], 0);
        _same("class of a drawn seat", s.class, job.class);
        if (s.bond == 0) revert Differs("bond of a drawn seat", 0, 1);
        Rules storage r = _rules[job.rules];
        uint256 over = job.drawnAt + job.maxRunTime + r.silenceWindow + r.revealDelay + r.revealWindow;
        if (s.status == SeatStatus.Leaving && s.unlockAt <= over) revert Differs("cooldown", s.unlockAt, over);
    }

    /// @dev The candidates in the workload's Assigned event.
    function _reported(bytes32 id, Vm.Log[] memory logs) private pure returns (uint256[] memory words) {
        uint256 found;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IMarketEvents.Assigned.selector || logs[i].topics[1] != id) continue;
            words = abi.decode(logs[i].data, (uint256[]));
            ++found;
        }
        _same("Assigned events", found, 1);
    }

    function _drawName(Draw draw) private pure returns (string memory) {
        if (draw == Draw.Busy) return "candidate busy";
        if (draw == Draw.BelowFloor) return "candidate below floor";
        if (draw == Draw.Inactive) return "candidate inactive";
        if (draw == Draw.SameOperator) return "candidate of the same operator";
        return "candidate drawn or spare";
    }
}
