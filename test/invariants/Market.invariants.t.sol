// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Handler} from "./Handler.sol";

/// @dev Here and not in Handler.sol: the test runner knows the contracts of test files only.
contract MarketHandler is Handler {}

/// @title The invariants of docs/invariants.md, under any sequence of acts
/// @notice Whatever the number of the invariant, every act in every sequence is also checked against the model's prediction.
contract MarketInvariants {
    /// @dev How the test runner wants its targets.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    MarketHandler private _handler;

    function setUp() public {
        _handler = new MarketHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _handler.actSelectors());
    }

    function invariant_INV01_BothContractsHoldWhatTheyOwe() external view {
        _handler.checkBalances();
    }

    function invariant_INV02_EveryWeiOfAFeeEndsOnce() external view {
        _handler.checkFees();
    }

    function invariant_INV03_RanksFollowCommitOrder() external view {
        _handler.checkRanks();
    }

    function invariant_INV04_RewardsFallWithRankAndFitThePot() external view {
        _handler.checkRewards();
    }

    function invariant_INV05_NoPayForLateCommits() external view {
        _handler.checkDeadlines();
    }

    function invariant_INV06_OnlySilenceIsSlashedOnce() external {
        _handler.checkSlashes();
    }

    function invariant_INV07_DrawnSeatsAreDistinctAndOfTheClass() external view {
        _handler.checkSlots();
    }

    function invariant_INV08_OpenSlotsTakeAnyEligibleOperator() external {
        _handler.checkOpenSlots();
    }

    function invariant_INV09_BondsAreLockedWhileAtWorkOrCoolingDown() external {
        _handler.checkBonds();
    }

    function invariant_INV10_CancelPaysTheStatedCompensation() external view {
        _handler.checkCancels();
    }

    function invariant_INV11_CooldownOutlastsEveryWorkload() external view {
        _handler.checkCooldown();
    }

    function invariant_INV12_NothingInALiveWorkloadChanges() external view {
        _handler.checkFrozen();
    }

    function invariant_INV13_NothingBlocksWithdrawal() external {
        _handler.checkWithdrawals();
    }

    function invariant_INV14_AnyoneCanEndEverything() external {
        _handler.checkEnding();
    }

    function invariant_INV15_CandidatesAreThoseOfTheFrozenSet() external view {
        _handler.checkCandidates();
    }

    function invariant_INV16_AProofIsPaidOnceToItsCommitter() external view {
        _handler.checkSinglePay();
    }

    function invariant_INV17_RewardsHoldsExactlyWhatItOwes() external view {
        _handler.checkRewardBalance();
    }

    function invariant_INV18_NobodyEarnsMoreThanKappaTimesWhatBurned() external view {
        _handler.checkRewardBound();
    }

    function invariant_INV19_TheCommitteeHoldsExactlyWhatItOwes() external view {
        _handler.checkCommitteeBalance();
    }

    function invariant_INV20_VerdictsAreThoseOfUninvolvedQuorums() external view {
        _handler.checkVerdicts();
    }

    function invariant_INV21_OnlySilentMembersMissVerdicts() external view {
        _handler.checkVerdictMisses();
    }

    function invariant_INV22_ChecksAskWhomTheSeedNames() external view {
        _handler.checkQualified();
    }
}
