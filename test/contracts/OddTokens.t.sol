// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../contracts/interfaces/ICommittee.sol";
import {IMarketCore, IMarketExtension} from "../../contracts/interfaces/IMarket.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {GevulotToken} from "../../contracts/GevulotToken.sol";
import {Rewards} from "../../contracts/Rewards.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {CallingToken, Intruder, TakingToken} from "../support/solidity/OddTokens.sol";
import {RewardsFixture} from "../support/solidity/RewardsFixture.sol";

/// @dev Attack: the token calls an account before and after whatever moves, and that account enters again: by the same call, and by those that
/// take money out. Nothing is paid twice, nothing is lost, on every entry that moves tokens.
contract ReenteringTokenTest is CommitteeFixture, RewardsFixture {
    uint256 private constant PURSE = 100 ether;

    Intruder private _intruder;
    address private _who;
    uint256 private _seat;

    function setUp() public override(CommitteeFixture, RewardsFixture) {
        super.setUp();
        _intruder = new Intruder();
        _who = address(_intruder);
        watch(_who);
        _seat = stake(_who, 1, 0);
        nextEpoch();
        token.transfer(_who, PURSE);
        address[4] memory takers = [address(market), address(registry), address(committee), address(rewards)];
        for (uint256 i; i < takers.length; ++i) {
            vm.prank(_who);
            token.approve(takers[i], type(uint256).max);
        }
    }

    function assertSound() internal override(MarketFixture, RewardsFixture) {
        super.assertSound();
    }

    function _newToken() internal override returns (GevulotToken) {
        return new CallingToken(address(this), 1e9 ether);
    }

    /// @dev All that the intruder has, wherever it is.
    function _wealth() private view returns (uint256 sum) {
        (uint256 bounty, ) = registry.reports(_who);
        (uint256 due, ) = rewards.rewardsOf(_who);
        sum = token.balanceOf(_who) + balanceOf(_who) + bounty + committee.owed(_who) + due;
        for (uint256 seat = 1; seat <= registry.seatCount(); ++seat)
            if (registry.seatOf(seat).operator == _who) sum += registry.seatOf(seat).bond;
    }

    /// @dev The body moves tokens with the intruder listening; the calls it plans are tried before and after each movement.
    modifier keepsItsWealth() {
        uint256 before = _wealth();
        _;
        CallingToken(address(token)).listen(Intruder(address(0)));
        assertTrue(_intruder.heard() != 0, "the token called");
        assertEq(_wealth(), before, "neither more nor less than before");
        assertBooks();
    }

    function _listen() private {
        CallingToken(address(token)).listen(_intruder);
    }

    /// @dev The intruder calls `target` itself, having planned the same for every movement of tokens.
    function _enterTwice(address target, bytes memory data) private {
        _intruder.plan(target, data);
        _listen();
        _enter(target, data);
    }

    function _enter(address target, bytes memory data) private {
        vm.prank(_who);
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory error_) = target.call(data);
        if (!ok)
            assembly ("memory-safe") {
                revert(add(error_, 32), mload(error_))
            }
    }

    function _assertTried(uint256 done, uint256 refused) private view {
        assertEq(_intruder.done(), done, "carried out within a payment");
        assertEq(_intruder.refused(), refused, "refused within a payment");
    }

    // ─── Market ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_deposit_ATokenThatCallsBackCreditsWhatCame() public sound keepsItsWealth {
        _intruder.plan(address(market), abi.encodeCall(IMarketCore.withdraw, (_who, 3 ether)));
        _enterTwice(address(market), abi.encodeCall(IMarketCore.deposit, (_who, 3 ether)));
        // Credited before it has come, a deposit can be taken out in between; then it has to come all the same.
        _assertTried(4, 0);
        assertEq(balanceOf(_who), 3 ether, "three came, and of two more each went again");
    }

    function test_depositWithPermit_ATokenThatCallsBackCreditsWhatCame() public sound keepsItsWealth {
        _intruder.plan(address(market), abi.encodeCall(IMarketCore.withdraw, (_who, 3 ether)));
        _enterTwice(
            address(market),
            abi.encodeCall(IMarketCore.depositWithPermit, (_who, 3 ether, block.timestamp, 27, bytes32(0), bytes32(0)))
        );
        _assertTried(4, 0);
        assertEq(balanceOf(_who), 3 ether, "as without a permit");
    }

    function test_deposit_ATokenThatCallsBackLendsNothingThatDoesNotCome() public sound {
        uint256 all = token.balanceOf(address(market));
        _intruder.plan(address(market), abi.encodeCall(IMarketCore.withdraw, (requester, all)));
        _listen();
        vm.prank(_who);
        // The market's whole money goes to a friend in between; the deposit that paid for it does not come.
        vm.expectRevert(abi.encodeWithSignature("ERC20InsufficientBalance(address,uint256,uint256)", _who, PURSE, all));
        market.deposit(_who, all);
        assertEq(token.balanceOf(address(market)), all, "undone");
    }

    function test_withdraw_ATokenThatCallsBackPaysOnce() public sound keepsItsWealth {
        fund(_who, 7 ether);
        token.transfer(requester, token.balanceOf(address(this)));
        vm.prank(_who);
        token.transfer(address(this), 7 ether);
        _enterTwice(address(market), abi.encodeCall(IMarketCore.withdraw, (_who, 7 ether)));
        _assertTried(0, 2);
        assertEq(token.balanceOf(_who), PURSE, "once");
    }

    function test_burnFees_ATokenThatCallsBackBurnsOnce() public sound keepsItsWealth {
        submitProof(drawnToAlice(), seatOf[alice]);
        uint256 booked = burnOf(alice) + burnOf(requester) + burnOf(keeper);
        assertTrue(booked != 0, "something burns");
        uint256 supply = token.totalSupply();
        address[] memory accounts = new address[](3);
        (accounts[0], accounts[1], accounts[2]) = (alice, requester, keeper);
        _enterTwice(address(market), abi.encodeCall(IMarketExtension.burnFees, (accounts)));
        // Nothing is booked any more: it burns nothing, which is no error.
        _assertTried(2, 0);
        assertEq(supply - token.totalSupply(), booked, "once");
    }

    // ─── Registry ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_stake_ATokenThatCallsBackGivesNoSeatWithoutABond() public sound {
        token.transfer(_who, 2 * BOND);
        uint256 before = _wealth();
        uint256 seats = registry.seatCount();
        _enterTwice(address(registry), abi.encodeCall(IProverRegistry.stake, (CLASS, 1, 0)));
        // There is money for two: the one within, and the one around it.
        _assertTried(1, 1);
        assertEq(registry.seatCount(), seats + 2, "two");
        assertEq(_wealth(), before, "each with its bond");
        assertBooks();
    }

    function test_topUp_ATokenThatCallsBackTakesOnce() public sound {
        Workload memory w = drawn(aRequest(), one(_seat));
        toSilence(w);
        slash(w, one(_seat));
        uint256 missing = BOND - registry.seatOf(_seat).bond;
        uint256 before = _wealth();
        token.transfer(_who, missing);
        _enterTwice(address(registry), abi.encodeCall(IProverRegistry.topUp, (_seat)));
        _assertTried(0, 2);
        assertEq(registry.seatOf(_seat).bond, BOND, "full");
        assertEq(_wealth(), before + missing, "nothing more");
        assertBooks();
    }

    function test_withdraw_ATokenThatCallsBackReturnsABondOnce() public sound keepsItsWealth {
        leaveSet(_seat);
        warp(block.timestamp + COOLDOWN);
        _enterTwice(address(registry), abi.encodeCall(IProverRegistry.withdraw, (one(_seat), _who)));
        _assertTried(0, 2);
        assertEq(token.balanceOf(_who), PURSE + BOND, "once");
    }

    function test_withdrawBounty_ATokenThatCallsBackPaysOnce() public sound {
        _reportAlice();
        uint256 before = _wealth();
        _enterTwice(address(registry), abi.encodeCall(IProverRegistry.withdrawBounty, (_who)));
        _assertTried(0, 2);
        assertEq(token.balanceOf(_who), PURSE + SLASH_BOUNTY, "once");
        assertEq(_wealth(), before, "nothing more");
        assertBooks();
    }

    function test_burnSlashes_ATokenThatCallsBackBurnsOnce() public sound {
        _reportAlice();
        uint256 supply = token.totalSupply();
        _enterTwice(address(registry), abi.encodeCall(IProverRegistry.burnSlashes, (list(_who))));
        _assertTried(0, 2);
        assertEq(supply - token.totalSupply(), SLASH - SLASH_BOUNTY, "once");
        assertBooks();
    }

    // ─── Committee ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_appeal_ATokenThatCallsBackTakesAndReturnsOneBond() public sound {
        Workload memory w = _verdict(1);
        uint256 before = _wealth();
        uint256 bond = 3 * committeeShareOf(FEE);
        _enterTwice(address(committee), abi.encodeCall(ICommittee.appeal, (w.spec)));
        _assertTried(0, 2);
        assertEq(_wealth(), before - bond, "one bond");
        assertEq(token.balanceOf(address(committee)), bond, "which is there");
        // Nobody hears the appeal: the bond comes back.
        toDrawOver(w);
        settle(w, one(seatOf[alice]));
        _intruder.plan(address(committee), abi.encodeCall(ICommittee.withdraw, (_who)));
        _enter(address(committee), abi.encodeCall(ICommittee.withdraw, (_who)));
        _assertTried(0, 2 + 2 * 2);
        assertEq(_wealth(), before, "once");
        assertBooks();
    }

    function test_settle_ATokenThatCallsBackClosesAnAppealOnce() public sound {
        _settlesOnce(1, one(seatOf[alice]));
    }

    /// @dev With no proof to pay, no list of seats is there to show that the workload ended within its own end.
    function test_settle_ATokenThatCallsBackEndsAWorkloadWithoutAValidProofOnce() public sound {
        _settlesOnce(0, none());
    }

    /// @dev Committee and appeal both find `valid`; the intruder settles, and settles again while the appeal's bond burns.
    function _settlesOnce(uint256 valid, uint256[] memory seats) private {
        Workload memory w = _verdict(valid);
        uint256 bond = fundBond(bob);
        appeal(w, bob);
        publishRound(w, bytes32("the appeal's"));
        drawCommittee(w);
        vote(w, 0, 12, valid);
        toVotesOver(w);
        uint256 supply = token.totalSupply();
        uint256 before = _wealth();
        _enterTwice(address(market), abi.encodeCall(IMarketCore.settle, (w.spec, seats)));
        _assertTried(0, 2);
        uint256 paid = 12 * (bond / 21);
        assertEq(supply - token.totalSupply(), bond - paid, "burned once");
        assertEq(token.balanceOf(address(committee)), paid, "what it owes the judges");
        assertEq(_wealth(), before + SETTLE_BOUNTY, "one bounty");
        assertBooks();
    }

    // ─── Rewards ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_fund_ATokenThatCallsBackAddsWhatCame() public sound {
        uint256 before = _wealth();
        _enterTwice(address(rewards), abi.encodeCall(IRewards.fund, (3 ether)));
        _assertTried(2, 0);
        assertEq(rewards.pool(), POOL + 9 ether, "three times three");
        assertEq(token.balanceOf(address(rewards)), POOL + 9 ether, "which are there");
        assertEq(_wealth(), before - 9 ether, "and were paid");
    }

    function test_claim_ATokenThatCallsBackPaysOnce() public sound {
        record(prove(drawn(aRequest(), one(_seat)), one(_seat)));
        record(prove(drawnToAlice(), one(seatOf[alice])));
        nextRewardEpoch();
        uint256 before = _wealth();
        uint256 due = dueOf(_who);
        uint256 inMarket = balanceOf(_who);
        assertTrue(due != 0, "something is due");
        _intruder.plan(address(rewards), abi.encodeCall(IRewards.claim, (list(alice))));
        _enterTwice(address(rewards), abi.encodeCall(IRewards.claim, (list(_who))));
        // Alice's is claimed for her, once; the intruder's own never again.
        _assertTried(1, 3);
        assertEq(balanceOf(_who), inMarket + due, "once");
        assertEq(dueOf(_who) + dueOf(alice), 0, "both");
        assertEq(token.allowance(address(rewards), address(market)), 0, "nothing is left to take");
        assertEq(_wealth(), before, "nothing more");
        assertBooks();
    }

    function test_claim_ATokenThatCallsBackLeavesTheOthersTheirs() public sound {
        record(prove(drawn(aRequest(), one(_seat)), one(_seat)));
        record(prove(drawnToAlice(), one(seatOf[alice])));
        record(prove(drawn(aRequest(), one(seatOf[bob])), one(seatOf[bob])));
        nextRewardEpoch();
        uint256 held = token.balanceOf(address(rewards));
        uint256[3] memory due = [dueOf(_who), dueOf(alice), dueOf(bob)];
        address[] memory both = new address[](2);
        (both[0], both[1]) = (_who, alice);
        // Bob's claim within the first payment takes the allowance for the second: the whole claim is undone, and can be sent again.
        _intruder.plan(address(rewards), abi.encodeCall(IRewards.claim, (list(bob))));
        _listen();
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(market), 0, due[1])
        );
        rewards.claim(both);
        assertEq(token.balanceOf(address(rewards)), held, "nothing went");
        CallingToken(address(token)).listen(Intruder(address(0)));
        assertEq(rewards.claim(both), due[0] + due[1], "all of it");
        assertEq(claim(bob), due[2], "and Bob's");
        assertBooks();
    }

    // ─── Internal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The intruder reports Alice, who stayed silent.
    function _reportAlice() private {
        Workload memory w = drawnToAlice();
        toSilence(w);
        vm.prank(_who);
        market.slash(w.spec, one(seatOf[alice]));
    }

    /// @dev A workload whose committee found `valid`, in the appeal's window.
    function _verdict(uint256 valid) private returns (Workload memory w) {
        w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, valid);
        toVotesOver(w);
    }
}

/// @dev What the contracts would do with a token that keeps a hundredth of each transfer: they count what was sent. Nobody is paid twice and
/// nobody gets more than is there, but what is missing is everybody's: whoever withdraws last goes without. So the token is ours.
contract TakingTokenTest is MarketFixture {
    function _newToken() internal override returns (GevulotToken) {
        return new TakingToken(address(this), 1e9 ether);
    }

    function setUp() public override {
        super.setUp();
        TakingToken(address(token)).take();
    }

    function test_deposit_OfATokenThatTakesAPartOwesMoreThanCame() public {
        fund(alice, 100 ether);
        assertEq(balanceOf(alice), 100 ether, "what was sent is counted");
        assertEq(token.balanceOf(address(market)), 1099 ether, "a hundredth of it is not there");
        vm.prank(alice);
        market.withdraw(bob, 100 ether);
        assertEq(token.balanceOf(bob), 99 ether, "the recipient bears the way out");
        // Others bear the way in: whoever comes last goes without.
        vm.expectRevert(_tooLittle(address(market), 989 ether, 990 ether));
        vm.prank(requester);
        market.withdraw(requester, 1000 ether);
        vm.prank(requester);
        market.withdraw(requester, 999 ether);
        assertEq(balanceOf(requester), 1 ether, "owed, and not there");
    }

    function test_stake_OfATokenThatTakesAPartLeavesTheLastWithout() public {
        token.transfer(alice, 2 * BOND);
        vm.prank(alice);
        token.approve(address(registry), BOND);
        vm.prank(alice);
        uint256 seat = registry.stake(CLASS, 1, 0);
        assertEq(registry.seatOf(seat).bond, BOND, "what was sent is counted");
        address[5] memory operators = [alice, bob, carol, dave, erin];
        for (uint256 i; i < operators.length; ++i) leaveSet(seatOf[operators[i]]);
        vm.prank(alice);
        registry.leaveSet(one(seat));
        warp(block.timestamp + COOLDOWN);
        vm.prank(alice);
        registry.withdraw(pair(seatOf[alice], seat), alice);
        for (uint256 i = 1; i < operators.length - 1; ++i) {
            vm.prank(operators[i]);
            registry.withdraw(one(seatOf[operators[i]]), operators[i]);
        }
        vm.expectRevert(_tooLittle(address(registry), 980 ether, 990 ether));
        vm.prank(erin);
        registry.withdraw(one(seatOf[erin]), erin);
    }

    function test_fund_OfATokenThatTakesAPartPromisesMoreThanCame() public {
        Rewards rewards = new Rewards(market, token, owner, 1 days);
        token.approve(address(rewards), 100 ether);
        rewards.fund(100 ether);
        assertEq(rewards.pool(), 100 ether, "what was sent is counted");
        assertEq(token.balanceOf(address(rewards)), 99 ether, "a hundredth of it is not there");
    }

    function _tooLittle(address who, uint256 have, uint256 need) private pure returns (bytes memory) {
        return abi.encodeWithSignature("ERC20InsufficientBalance(address,uint256,uint256)", who, have, need);
    }
}
