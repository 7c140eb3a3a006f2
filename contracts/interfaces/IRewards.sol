// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "./IMarket.sol";

/// @title Network rewards: an epoch budget for ranks of proven workloads
/// @notice Points of a rank = κ · burned · its part of what all paid ranks got, with what burned of the workload's fee; κ < 1.
/// Reward = points, or the part of an epoch's budget that they are of all its points, if that is less. So nobody gets more than κ times what
/// its workload burned, and paying oneself loses money whatever one does. Amounts are token units.
interface IRewards is IMarketTypes {
    /// @notice A proven workload's receipt, as the market's events give it.
    struct Receipt {
        /// @dev The workload's spec, from `Submitted`.
        Spec spec;
        /// @dev What burned, from `Finished`.
        uint256 burned;
        /// @dev One word for each paid rank, in order, from bit 0: operator 160 | seat 24 | commit order, plus 32 for an open slot.
        uint256[] entries;
    }

    /// @notice An epoch of rewards.
    struct Epoch {
        /// @dev Points in it that were not turned into rewards yet.
        uint96 points;
        /// @dev Budget while it runs; afterwards what is left for those points.
        uint96 rewards;
    }

    /// @notice None of the receipts was new and right.
    error NothingRecorded();
    /// @notice None of the operators has anything to claim.
    error NothingToClaim();
    /// @notice A parameter is out of its bounds.
    error OutOfBounds(uint256 have, uint256 most);
    /// @notice An epoch must last at least a minute.
    error EpochTooShort(uint256 have, uint256 least);

    /// @notice The points of a workload were given to the ranks that earn.
    /// @param workload Workload id.
    /// @param epoch Epoch of rewards, by the time of this act.
    /// @param points Of all its ranks.
    event Recorded(bytes32 indexed workload, uint256 indexed epoch, uint256 points);
    /// @notice An operator's rewards went into its balance in the market.
    /// @param operator Operator.
    /// @param amount Token units.
    event Claimed(address indexed operator, uint256 amount);
    /// @notice Somebody paid into the pool.
    /// @param from Who.
    /// @param amount Token units.
    event Funded(address indexed from, uint256 amount);
    /// @notice An epoch's budget was set apart from the pool.
    /// @param epoch Epoch of rewards.
    /// @param budget Token units.
    event EpochOpened(uint256 indexed epoch, uint256 budget);
    /// @notice An epoch is over; what its points do not use went back into the pool.
    /// @param epoch Epoch of rewards.
    /// @param points All its points.
    /// @param rewards What is paid for them.
    event EpochClosed(uint256 indexed epoch, uint256 points, uint256 rewards);
    /// @notice The owner set parameters.
    /// @param budget Of an epoch, token units.
    /// @param kappaBps κ for everyone.
    /// @param boostBps κ for listed programs of listed requesters.
    event ParametersSet(uint256 budget, uint256 kappaBps, uint256 boostBps);
    /// @notice A program was listed or unlisted.
    /// @param program Program id.
    /// @param listed Whether it is on the list.
    event ProgramListed(bytes32 indexed program, bool listed);
    /// @notice A requester was listed or unlisted.
    /// @param requester Requester.
    /// @param listed Whether it is on the list.
    event RequesterListed(address indexed requester, bool listed);

    /// @notice Gives the points of proven workloads to their ranks, in the present epoch. Anyone may call, once a workload; receipts that were
    /// recorded before or do not fit the market's are passed over.
    /// @param receipts Receipts.
    /// @return recorded How many were counted, at least one.
    function record(Receipt[] calldata receipts) external returns (uint256 recorded);

    /// @notice Moves the rewards of operators from ended epochs into their balances in the market. Anyone may call.
    /// @param operators Operators; those without rewards are passed over.
    /// @return amount What was moved, more than zero.
    function claim(address[] calldata operators) external returns (uint256 amount);

    /// @notice Pays into the pool; needs an allowance. What was paid in never leaves but as rewards.
    /// @param amount Token units.
    function fund(uint256 amount) external;

    /// @notice Sets the budget of epochs that open from now on, and κ for what is recorded from now on.
    /// @param budget_ Token units an epoch.
    /// @param kappaBps_ κ for everyone, basis points, below one.
    /// @param boostBps_ κ where both program and requester are listed, basis points.
    function setParameters(uint96 budget_, uint16 kappaBps_, uint16 boostBps_) external;

    /// @notice Lists or unlists a program.
    /// @param program Program id.
    /// @param listed Whether it is to be on the list.
    function listProgram(bytes32 program, bool listed) external;

    /// @notice Lists or unlists a requester.
    /// @param requester Requester.
    /// @param listed Whether it is to be on the list.
    function listRequester(address requester, bool listed) external;

    /// @notice What an operator has coming.
    /// @param operator Operator.
    /// @return due From ended epochs: what {claim} moves.
    /// @return pending Points of the epoch that runs: the most it can give.
    function rewardsOf(address operator) external view returns (uint256 due, uint256 pending);

    /// @notice Whether a workload was recorded.
    /// @param spec The workload's spec.
    /// @return recorded Whether it was.
    function isRecorded(Spec calldata spec) external view returns (bool recorded);

    /// @notice The present epoch of rewards.
    /// @return epoch Number, from 1.
    function currentEpoch() external view returns (uint256 epoch);
}
