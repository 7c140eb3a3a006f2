// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rewards} from "../../../contracts/Rewards.sol";
import {IRewards} from "../../../contracts/interfaces/IRewards.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {Vm} from "./Vm.sol";

/// @title The market of {MarketFixture} with network rewards, and receipts put together from events as anyone would
abstract contract RewardsFixture is MarketFixture {
    uint256 internal constant REWARD_EPOCH = 1 days;
    uint96 internal constant BUDGET = 1000 ether;
    uint256 internal constant POOL = 100_000 ether;
    uint256 internal constant KAPPA_BPS = 9000;
    uint256 internal constant BOOST_BPS = 20_000;

    Rewards internal rewards;

    function setUp() public virtual override {
        super.setUp();
        rewards = new Rewards(market, token, owner, REWARD_EPOCH);
        vm.prank(owner);
        rewards.setParameters(BUDGET, uint16(KAPPA_BPS), uint16(BOOST_BPS));
        token.approve(address(rewards), POOL);
        rewards.fund(POOL);
    }

    /// @dev Commits, reveals and settles for `seats` in this order; what was drawn and is not among them does nothing.
    /// @return receipt What the events of the end say.
    function prove(Workload memory w, uint256[] memory seats) internal returns (IRewards.Receipt memory receipt) {
        uint256 redundancy = market.workloadOf(w.id).redundancy;
        if (redundancy == 1) {
            startLogs();
            submitProof(w, seats[0]);
            return receiptFromLogs(w);
        }
        for (uint256 i; i < seats.length; ++i) commit(w, seats[i]);
        WorkloadState memory state = market.workloadOf(w.id);
        warp((state.closedEarly ? block.timestamp : state.deadline) + REVEAL_DELAY + 1);
        for (uint256 i; i < seats.length; ++i) reveal(w, seats[i]);
        startLogs();
        settle(w, seats);
        return receiptFromLogs(w);
    }

    /// @dev The receipt of a workload that ended since `vm.recordLogs`; every seat's commit was its own and in order.
    function receiptFromLogs(Workload memory w) internal returns (IRewards.Receipt memory receipt) {
        Vm.Log[] memory logs = takeLogs();
        uint256[] memory entries = new uint256[](8);
        uint256 ranks;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == SlotSettled.selector) {
                (uint256 rank, ) = abi.decode(logs[i].data, (uint256, uint256));
                uint256 seat = uint256(logs[i].topics[2]);
                if (rank != 0) entries[ranks++] = entryOf(rank - 1, seat);
            } else if (logs[i].topics[0] == Finished.selector) {
                (, , , receipt.burned) = abi.decode(logs[i].data, (uint8, uint256, uint256, uint256));
            }
        }
        receipt.spec = w.spec;
        receipt.entries = new uint256[](ranks);
        for (uint256 i; i < ranks; ++i) receipt.entries[i] = entries[i];
    }

    /// @dev With INV-17: rewards holds its pool, what is set apart for epochs, and what operators have.
    function assertSound() internal virtual override {
        uint256 owed = rewards.pool();
        for (uint256 epoch = 1; epoch <= rewards.currentEpoch(); ++epoch) {
            (, uint96 money) = rewards.epochs(epoch);
            owed += money;
        }
        for (uint256 seat = 1; seat <= registry.seatCount(); ++seat) {
            address operator = operatorOf[seat];
            (, uint96 due, ) = rewards.accounts(operator);
            if (seatOf[operator] == seat) owed += due;
        }
        assertEq(token.balanceOf(address(rewards)), owed, "INV-17 rewards holds what it owes");
        super.assertSound();
    }

    /// @dev An entry written out here, apart from the library: order, seat, operator.
    function entryOf(uint256 rankKey, uint256 seat) internal view returns (uint256) {
        return (rankKey << 184) | (seat << 160) | uint160(operatorOf[seat]);
    }

    function record(IRewards.Receipt memory receipt) internal returns (uint256) {
        return rewards.record(list(receipt));
    }

    function claim(address operator) internal returns (uint256) {
        return rewards.claim(list(operator));
    }

    function nextRewardEpoch() internal {
        warp(block.timestamp + REWARD_EPOCH);
    }

    function dueOf(address operator) internal view returns (uint256 due) {
        (due, ) = rewards.rewardsOf(operator);
    }

    function list(IRewards.Receipt memory receipt) internal pure returns (IRewards.Receipt[] memory receipts) {
        receipts = new IRewards.Receipt[](1);
        receipts[0] = receipt;
    }

    function list(address operator) internal pure returns (address[] memory operators) {
        operators = new address[](1);
        operators[0] = operator;
    }
}
