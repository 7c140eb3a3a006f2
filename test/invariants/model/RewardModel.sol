// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {QualifyModel} from "./QualifyModel.sol";

/// @title The model of network rewards: points by epoch, money by epoch, what each operator has coming
abstract contract RewardModel is QualifyModel {
    /// @notice An operator's points of one epoch, and its rewards.
    struct Earner {
        uint256 epoch;
        uint256 points;
        uint256 due;
    }

    uint256 internal constant REWARD_EPOCH = 1 hours;

    uint256 internal _pool;
    uint256 internal _budget;
    uint256 internal _kappa;
    /// @dev The epoch whose budget is set apart; zero for none.
    uint256 internal _rewardEpochOpen;
    mapping(uint256 epoch => uint256 points) internal _pointsIn;
    mapping(uint256 epoch => uint256 money) internal _moneyIn;
    mapping(address operator => Earner earner) internal _earners;
    /// @dev κ · burned of everything recorded, and what was claimed.
    uint256 internal _allowedRewards;
    uint256 internal _claimedRewards;

    function _rewardEpoch() internal view returns (uint256) {
        return 1 + (_clock - _genesis) / REWARD_EPOCH;
    }

    /// @dev An epoch that is over keeps at most a unit of money for each point.
    function _closeRewards() internal {
        uint256 epoch = _rewardEpochOpen;
        if (epoch == 0 || epoch == _rewardEpoch()) return;
        if (_moneyIn[epoch] > _pointsIn[epoch]) {
            _pool += _moneyIn[epoch] - _pointsIn[epoch];
            _moneyIn[epoch] = _pointsIn[epoch];
        }
        _rewardEpochOpen = 0;
    }

    /// @dev Sets the budget of this epoch apart, as far as the pool goes.
    function _openRewards() internal {
        if (_rewardEpochOpen != 0) return;
        _rewardEpochOpen = _rewardEpoch();
        uint256 set = _budget < _pool ? _budget : _pool;
        _pool -= set;
        _moneyIn[_rewardEpochOpen] = set;
    }

    /// @dev Turns the points of an epoch that is over into money: the part that they are of what is left there.
    function _cashIn(address operator) internal {
        Earner storage e = _earners[operator];
        if (e.points == 0 || e.epoch == _rewardEpochOpen) return;
        uint256 money = (_moneyIn[e.epoch] * e.points) / _pointsIn[e.epoch];
        _pointsIn[e.epoch] -= e.points;
        _moneyIn[e.epoch] -= money;
        e.due += money;
        e.points = 0;
    }

    /// @dev Points of one rank.
    function _givePoints(address operator, uint256 points) internal {
        Earner storage e = _earners[operator];
        if (e.epoch != _rewardEpoch()) {
            _cashIn(operator);
            e.epoch = _rewardEpoch();
        }
        e.points += points;
        _pointsIn[e.epoch] += points;
    }

    /// @dev Paid places of a workload, by rank.
    function _paidRanks(uint256 index) internal view returns (uint256[] memory ranked) {
        uint256[] storage ids = _placesOf[index];
        uint256 count;
        for (uint256 i; i < ids.length; ++i) if (_places[ids[i]].rank != 0) ++count;
        ranked = new uint256[](count);
        for (uint256 i; i < ids.length; ++i) if (_places[ids[i]].rank != 0) ranked[_places[ids[i]].rank - 1] = ids[i];
    }

    /// @dev A rank earns points unless it came through an open slot behind another commit.
    function _earnsPoints(Place storage p) internal view returns (bool) {
        return !p.open || p.order == 0;
    }
}
