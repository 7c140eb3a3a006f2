// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {RequestBuilder, RulesBuilder} from "../support/solidity/Builders.sol";
import {RewardsFixture} from "../support/solidity/RewardsFixture.sol";

/// @title Wash trading: a requester, a keeper and some seats act as one, with any strategy, and lose
/// @notice The coalition: requester, keeper, Alice, Bob. It steers draws to whatever seats it likes, which is more than it can do.
contract RewardsWashTest is RewardsFixture {
    using RequestBuilder for Request;
    using RulesBuilder for Rules;

    uint256 private _dice;
    uint256 private _burned;
    IRewards.Receipt[] private _hoard;

    /// @dev Whatever it does with its money, of each token that its workloads burn it sees at most κ again.
    function testFuzz_washTrading_NoStrategyProfits(uint256 seed, uint16 kappaBps, uint96 budget) public sound {
        _dice = seed;
        kappaBps = uint16(bound(kappaBps, 0, rewards.MAX_KAPPA_BPS()));
        vm.prank(owner);
        rewards.setParameters(budget, kappaBps, uint16(BOOST_BPS));
        _useSomeBurn();
        _othersEarn();
        uint256 before = _wealth();
        for (uint256 i = 1 + _roll(3); i != 0; --i) {
            _washTrade();
            if (_roll(2) == 0) _recordSome();
            if (_roll(3) == 0) nextRewardEpoch();
        }
        _recordSome();
        nextRewardEpoch();
        _claimAll();
        assertLe(_wealth() + (_burned * (10_000 - kappaBps)) / 10_000, before, "wealth of the coalition");
        assertLe(rewards.pool(), token.balanceOf(address(rewards)), "the pool is there");
    }

    function test_attack_PayingOneselfForEveryRank_LosesWhatKappaKeepsBack() public sound {
        uint256 before = _wealth();
        record(prove(drawnToAliceAndBob(), pair(seatOf[alice], seatOf[bob])));
        nextRewardEpoch();
        _claimAll();
        // Fee, pot and bounties stay within; a tenth of the base burn is gone, and a wei of rounding for each of them.
        uint256 loss = before - _wealth();
        assertTrue(loss >= baseBurnOf(FEE) / 10 && loss < baseBurnOf(FEE) / 10 + 10, "a tenth of the burn");
    }

    function test_attack_LeavingRanksUnfilled_BurnsMoreThanItEarns() public sound {
        uint256 before = _wealth();
        IRewards.Receipt memory receipt = prove(
            drawn(aRequest().withSlots(3), three(seatOf[alice], seatOf[carol], seatOf[dave])),
            one(seatOf[alice])
        );
        assertLt(FEE / 2, receipt.burned, "most of the fee burns");
        record(receipt);
        nextRewardEpoch();
        _claimAll();
        assertLe(_wealth() + receipt.burned / 10, before, "and a tenth of that stays lost");
    }

    function test_attack_RecordingInAQuietEpoch_PaysAtMostKappa() public sound {
        // A crowded epoch with a small budget, then a quiet one: the recorder chooses the quiet one.
        IRewards.Receipt memory receipt = prove(drawnToAlice(), one(seatOf[alice]));
        vm.prank(owner);
        rewards.setParameters(0.1 ether, uint16(KAPPA_BPS), 0);
        record(prove(drawn(aRequest().withFee(100 ether), one(seatOf[carol])), one(seatOf[carol])));
        nextRewardEpoch();
        vm.prank(owner);
        rewards.setParameters(BUDGET, uint16(KAPPA_BPS), 0);
        record(receipt);
        nextRewardEpoch();
        assertEq(
            dueOf(alice),
            (receipt.burned * KAPPA_BPS) / 10_000,
            "no more than the burn allows, with a budget of thousands"
        );
    }

    function test_attack_PointsOfOthersCannotBeTakenAlong() public sound {
        // Alice earns honestly in an epoch whose budget is short; a wash trade beside it must not profit from her unused room.
        vm.prank(owner);
        rewards.setParameters(0.2 ether, uint16(KAPPA_BPS), 0);
        vm.prank(account("somebody else"));
        record(prove(drawn(aRequest(), one(seatOf[alice])), one(seatOf[alice])));
        uint256 before = _wealth() + _pendingOf(alice);
        IRewards.Receipt memory receipt = prove(drawn(aRequest(), one(seatOf[bob])), one(seatOf[bob]));
        record(receipt);
        nextRewardEpoch();
        _claimAll();
        assertLt(_wealth(), before, "still a loss");
    }

    /// @dev Why nobody gets a κ above one unlisted: the same strategy profits then.
    function test_attack_AListedRequesterCouldProfit() public sound {
        vm.startPrank(owner);
        rewards.listProgram(program, true);
        rewards.listRequester(requester, true);
        vm.stopPrank();
        uint256 before = _wealth();
        record(prove(drawnToAlice(), one(seatOf[alice])));
        nextRewardEpoch();
        _claimAll();
        assertEq(_wealth(), before + baseBurnOf(FEE), "twice the burn came back");
    }

    // ─── One act each ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _washTrade() private {
        uint256 slots = 1 + _roll(3);
        uint256 fee = (1 + _roll(50)) * 1 ether;
        (, uint256 nonce, ) = market.accountOf(requester);
        Workload memory w = submit(aRequest().withSlots(slots).withFee(fee).withNonce(nonce));
        uint256[] memory seats = _choose(slots);
        assignTo(w, seats);
        // The coalition's seats prove; strangers among the drawn stay away or take their ranks.
        uint256[] memory provers = new uint256[](slots);
        uint256 count;
        bool joined = _roll(2) == 0;
        for (uint256 i; i < slots; ++i) {
            bool ours = seats[i] == seatOf[alice] || seats[i] == seatOf[bob];
            if (ours || joined) provers[count++] = seats[i];
        }
        assembly {
            mstore(provers, count)
        }
        _hoard.push(prove(w, provers));
        _burned += _hoard[_hoard.length - 1].burned;
        for (uint256 i; i < slots; ++i) {
            if (market.slotOf(w.id, seats[i]).state == SlotState.Assigned) decline(w, seats[i]);
        }
    }

    /// @dev At least one of the coalition's, in any place.
    function _choose(uint256 slots) private returns (uint256[] memory) {
        uint256 own = _roll(2) == 0 ? seatOf[alice] : seatOf[bob];
        uint256 other = own == seatOf[alice] ? seatOf[bob] : seatOf[alice];
        if (slots == 1) return one(own);
        uint256 second = _roll(2) == 0 ? other : seatOf[carol];
        if (slots == 2) return _roll(2) == 0 ? pair(own, second) : pair(second, own);
        return _roll(2) == 0 ? three(own, second, seatOf[dave]) : three(seatOf[dave], own, second);
    }

    function _recordSome() private {
        for (; _hoard.length != 0; _hoard.pop()) record(_hoard[_hoard.length - 1]);
    }

    function _useSomeBurn() private {
        useRules(someRules().withBaseBurn(uint16(_roll(2001))));
    }

    /// @dev Somebody else's workload, proved by somebody else, in the same epoch.
    function _othersEarn() private {
        address stranger = account("another requester");
        fund(stranger, 100 ether);
        Request memory request = aRequest().withNonce(0);
        Workload memory w = submitAs(stranger, request);
        assignTo(w, one(seatOf[erin]));
        record(prove(w, one(seatOf[erin])));
    }

    function _claimAll() private {
        address[] memory operators = new address[](2);
        (operators[0], operators[1]) = (alice, bob);
        if (dueOf(alice) + dueOf(bob) != 0) rewards.claim(operators);
    }

    function _wealth() private view returns (uint256) {
        return balanceOf(requester) + balanceOf(keeper) + balanceOf(alice) + balanceOf(bob);
    }

    function _pendingOf(address operator) private view returns (uint256 pending) {
        (, pending) = rewards.rewardsOf(operator);
    }

    function _roll(uint256 sides) private returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }
}
