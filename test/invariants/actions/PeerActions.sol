// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRewards} from "../../../contracts/interfaces/IRewards.sol";
import {QualifyActions} from "./QualifyActions.sol";

/// @title Network rewards: record receipts, true and forged, claim, fund
abstract contract PeerActions is QualifyActions {
    function _tryRewards(string memory act, address actor, bytes memory call, bytes4 predicted) private returns (bool) {
        return _try(act, actor, address(_rewards), call, predicted);
    }

    /// @notice Records up to three receipts: new ones, known ones, workloads that nobody proved, forged figures.
    function record(uint256 seed) external {
        _begin(seed);
        uint256 count = 1 + _roll(3);
        if (_ended.length == 0) return;
        IRewards.Receipt[] memory receipts = new IRewards.Receipt[](count);
        uint256[] memory indexes = new uint256[](count);
        bool[] memory right = new bool[](count);
        bytes4 predicted = IRewards.NothingRecorded.selector;
        for (uint256 i; i < count; ++i) {
            indexes[i] = _pickReceipt();
            receipts[i] = _receiptOf(indexes[i]);
            bool forged = _chance(6) && _forge(receipts[i]);
            bool again;
            for (uint256 k; k < i; ++k) if (right[k] && indexes[k] == indexes[i]) again = true;
            Job storage job = _jobs[indexes[i]];
            right[i] = !forged && !again && !job.recorded && job.outcome == Outcome.Proven;
            if (right[i]) predicted = 0;
        }
        bytes memory call = abi.encodeCall(IRewards.record, (receipts));
        if (!_tryRewards("record rewards", _anybody(), call, predicted)) return;
        _closeRewards();
        _openRewards();
        for (uint256 i; i < count; ++i) if (right[i]) _applyRecord(indexes[i]);
    }

    function _applyRecord(uint256 index) private {
        Job storage job = _jobs[index];
        job.recorded = true;
        uint256 most = (job.burned * _kappa) / 10_000;
        _allowedRewards += most;
        uint256[] memory ranked = _paidRanks(index);
        for (uint256 i; i < ranked.length; ++i) {
            Place storage p = _places[ranked[i]];
            if (_earnsPoints(p)) _givePoints(p.operator, _shareOf(most, i + 1, ranked.length));
            else ++seen["rank without rewards"];
        }
    }

    /// @dev Mostly a proven workload that was not recorded yet.
    function _pickReceipt() private returns (uint256) {
        uint256 start = _roll(_ended.length);
        for (uint256 i; i < _ended.length && i < 20 && !_chance(10); ++i) {
            Job storage job = _jobs[_ended[(start + i) % _ended.length]];
            if (job.outcome == Outcome.Proven && !job.recorded) return _ended[(start + i) % _ended.length];
        }
        return _ended[start];
    }

    /// @dev A receipt as the books have it: operator, seat and commit order of each paid rank.
    function _receiptOf(uint256 index) private view returns (IRewards.Receipt memory receipt) {
        uint256[] memory ranked = _paidRanks(index);
        receipt.spec = _jobs[index].spec;
        receipt.burned = _jobs[index].burned;
        receipt.entries = new uint256[](ranked.length);
        for (uint256 i; i < ranked.length; ++i) {
            Place storage p = _places[ranked[i]];
            uint256 key = p.order + (p.open ? 32 : 0);
            receipt.entries[i] = key * 2 ** 184 + p.seat * 2 ** 160 + uint160(p.operator);
        }
    }

    /// @dev Makes one figure of a receipt wrong.
    function _forge(IRewards.Receipt memory receipt) private returns (bool) {
        uint256 how = _roll(4);
        if (how == 0) ++receipt.burned;
        else if (how == 1) receipt.spec.terms ^= 2 ** 176;
        else if (receipt.entries.length == 0) return false;
        else if (how == 2) receipt.entries[0] ^= 1;
        else receipt.entries = new uint256[](0);
        return true;
    }

    /// @notice Claims for some operators, one of them twice.
    function claim(uint256 seed) external {
        _begin(seed);
        address[] memory operators = new address[](1 + _roll(3));
        for (uint256 i; i < operators.length; ++i) operators[i] = _anybody();
        if (operators.length == 3) operators[2] = operators[0];
        if (_chance(6)) _pass(REWARD_EPOCH);
        bytes4 predicted = IRewards.NothingToClaim.selector;
        for (uint256 i; i < operators.length; ++i) if (_comingTo(operators[i]) != 0) predicted = 0;
        bytes memory call = abi.encodeCall(IRewards.claim, (operators));
        if (!_tryRewards("claim rewards", _anybody(), call, predicted)) return;
        _applyClaim(operators);
    }

    function _applyClaim(address[] memory operators) internal {
        _closeRewards();
        for (uint256 i; i < operators.length; ++i) _cashIn(operators[i]);
        for (uint256 i; i < operators.length; ++i) {
            uint256 due = _earners[operators[i]].due;
            _earners[operators[i]].due = 0;
            _balance[operators[i]] += due;
            _claimedRewards += due;
        }
    }

    /// @dev What an operator could claim at this second.
    function _comingTo(address operator) internal view returns (uint256) {
        Earner storage e = _earners[operator];
        if (e.points == 0 || e.epoch == _rewardEpoch()) return e.due;
        uint256 money = _moneyIn[e.epoch] < _pointsIn[e.epoch] ? _moneyIn[e.epoch] : _pointsIn[e.epoch];
        return e.due + (money * e.points) / _pointsIn[e.epoch];
    }

    /// @notice Pays into the pool.
    function fund(uint256 seed) public {
        _begin(seed);
        address from = _anybody();
        uint256 amount = _roll(_wallet[from] / 1e6 + 1);
        if (!_tryRewards("fund rewards", from, abi.encodeCall(IRewards.fund, (amount)), 0)) return;
        _wallet[from] -= amount;
        _pool += amount;
    }
}
