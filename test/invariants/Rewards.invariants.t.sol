// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {RewardsFixture} from "../support/solidity/RewardsFixture.sol";

/// @title Acts on market and rewards: prove, record, claim, fund, wait, other parameters; each succeeds
contract RewardsHandler is RewardsFixture {
    using RequestBuilder for Request;

    /// @notice κ · burned of all that was recorded, with the κ of that moment, in token units.
    uint256 public allowed;
    /// @notice What was claimed.
    uint256 public claimed;

    IRewards.Receipt[] private _waiting;
    address[5] private _operators;

    constructor() {
        setUp();
        _operators = [alice, bob, carol, dave, erin];
        fund(requester, 1_000_000 ether);
    }

    function actProve(uint256 seed) external {
        address first = _operators[seed % 5];
        address second = _operators[((seed % 5) + 1 + ((seed >> 8) % 4)) % 5];
        uint256 fee = 1 ether + (uint128(seed) % 1_000_000) * 1 gwei;
        uint256 slots = 1 + ((seed >> 16) % 2);
        uint256[] memory seats = slots == 1 ? one(seatOf[first]) : pair(seatOf[first], seatOf[second]);
        _waiting.push(prove(drawn(aRequest().withFee(fee).withSlots(slots), seats), seats));
    }

    function actRecord(uint256 count) external {
        for (count = 1 + (count % 3); count != 0 && _waiting.length != 0; --count) {
            IRewards.Receipt memory receipt = _waiting[_waiting.length - 1];
            _waiting.pop();
            allowed += (receipt.burned * rewards.kappaBps()) / 10_000;
            record(receipt);
        }
    }

    function actClaim(uint256 seed) external {
        address operator = _operators[seed % 5];
        if (dueOf(operator) != 0) claimed += claim(operator);
    }

    function actFund(uint256 amount) external {
        amount = bound(amount, 0, 10 ether);
        token.approve(address(rewards), amount);
        rewards.fund(amount);
    }

    function actWait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 2 * REWARD_EPOCH));
    }

    function actSetParameters(uint256 budget, uint256 kappaBps) external {
        vm.prank(owner);
        rewards.setParameters(uint96(bound(budget, 0, 2 ether)), uint16(bound(kappaBps, 0, 9500)), 0);
    }

    function selectors() external pure returns (bytes4[] memory list_) {
        list_ = new bytes4[](6);
        list_[0] = this.actProve.selector;
        list_[1] = this.actRecord.selector;
        list_[2] = this.actClaim.selector;
        list_[3] = this.actFund.selector;
        list_[4] = this.actWait.selector;
        list_[5] = this.actSetParameters.selector;
    }

    function checkBalance() external view {
        uint256 owed = rewards.pool();
        for (uint256 epoch = 1; epoch <= rewards.currentEpoch(); ++epoch) {
            (uint96 points, uint96 money) = rewards.epochs(epoch);
            owed += money;
            if (epoch != rewards.openEpoch()) assertLe(money, points, "an ended epoch pays at most its points");
        }
        for (uint256 i; i < 5; ++i) {
            (, uint96 due, ) = rewards.accounts(_operators[i]);
            owed += due;
        }
        assertEq(token.balanceOf(address(rewards)), owed, "rewards holds what it owes");
    }

    /// @dev Everybody claims everything, in an epoch in which nothing runs any more.
    function checkEnd() external {
        uint256 id = vm.snapshotState();
        nextRewardEpoch();
        uint256 total = claimed;
        // Again and again: what is rounded off for one falls to those who claim later. Less than a wei for each cannot be claimed.
        for (uint256 i; i < 25; ++i) if (dueOf(_operators[i % 5]) != 0) total += claim(_operators[i % 5]);
        assertLe(total, allowed, "no more than kappa times what burned");
        uint256 left = token.balanceOf(address(rewards)) - rewards.pool();
        // An epoch whose points nobody had when it ended is closed by the next act only.
        uint256 open = rewards.openEpoch();
        if (open != 0) {
            (, uint96 money) = rewards.epochs(open);
            left -= money;
        }
        assertLe(
            left,
            rewards.currentEpoch(),
            "all that was set apart was claimed or went back, but for a wei an epoch"
        );
        vm.revertToState(id);
    }
}

/// @title The invariants of network rewards
contract RewardsInvariants {
    /// @dev How the test runner wants its targets.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    RewardsHandler private _handler;

    function setUp() public {
        _handler = new RewardsHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _handler.selectors());
    }

    function invariant_INV17_RewardsHoldsExactlyWhatItOwes() external view {
        _handler.checkBalance();
    }

    function invariant_INV18_NobodyEarnsMoreThanKappaTimesWhatBurned() external {
        _handler.checkEnd();
    }
}
