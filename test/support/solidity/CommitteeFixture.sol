// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommitteeErrors, ICommitteeTypes} from "../../../contracts/interfaces/ICommittee.sol";
import {RequestBuilder} from "./Builders.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// @title A market with validators and a program without a verifier contract
/// @notice As in {MarketFixture}, helpers that act make exactly one call, by the right account.
abstract contract CommitteeFixture is MarketFixture {
    using RequestBuilder for Request;

    uint256 internal constant SIZE = 7;
    uint256 internal constant QUORUM = 5;
    uint256 internal constant APPEAL = 4;
    uint256 internal constant APPEAL_SIZE = 15;
    uint256 internal constant APPEAL_QUORUM = 10;
    uint256 internal constant ATTEMPTS = 3;
    uint256 internal constant VALIDATOR_COUNT = 20;

    bytes32 internal judgedProgram;

    /// @dev What a workload's reveals were, in their order.
    mapping(bytes32 workload => ICommitteeTypes.Reveal[] reveals) internal revealsOf;
    mapping(address operator => uint256 key) internal keyOf;

    function setUp() public virtual override {
        super.setUp();
        judgedProgram = deployProgram(aJudgedProgram());
        for (uint256 i; i < VALIDATOR_COUNT; ++i) addValidator(1000 + i, 1);
        nextEpoch();
    }

    /// @dev Admits an operator with a key and stakes `count` validator seats for it.
    function addValidator(uint256 key, uint256 count) internal returns (uint256 first) {
        address operator = vm.addr(key);
        keyOf[operator] = key;
        return stakeIn(VALIDATORS, operator, count, 0);
    }

    // ─── Workloads ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function aJudgedRequest() internal view returns (Request memory) {
        return aRequest().withProgram(judgedProgram).withSlots(2);
    }

    /// @dev Two slots, both committed by their own seats, Alice first; reveals are possible.
    function committedByBoth() internal returns (Workload memory w) {
        w = drawn(aJudgedRequest(), pair(seatOf[alice], seatOf[bob]));
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
    }

    /// @dev Two slots, both revealed: Alice's has commit order 0, Bob's 1.
    function revealedByBoth() internal returns (Workload memory w) {
        w = committedByBoth();
        revealTo(w, seatOf[alice]);
        revealTo(w, seatOf[bob]);
    }

    /// @dev Reveals {proofOf} by its digest.
    function revealTo(Workload memory w, uint256 seat) internal {
        bytes32 digest = sha256(proofOf(seat));
        uint256 order = market.slotOf(w.id, seat).order;
        vm.prank(operatorOf[seat]);
        market.revealToCommittee(w.spec, seat, digest, saltOf(seat), "", "https://proofs.example/");
        revealsOf[w.id].push(ICommitteeTypes.Reveal(order, operatorOf[seat], digest));
    }

    // ─── Judging ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function open(Workload memory w) internal {
        vm.prank(keeper);
        committee.open(w.spec);
    }

    /// @dev Publishes a value for the attempt's round.
    function publishRound(Workload memory w, bytes32 value) internal {
        beacon.publish(uint32(committee.judgmentOf(w.id).round), value);
    }

    function drawCommittee(Workload memory w) internal {
        drawCommittee(w, none());
    }

    function drawCommittee(Workload memory w, uint256[] memory unrevealed) internal {
        ICommitteeTypes.Reveal[] memory reveals = revealsOf[w.id];
        vm.prank(keeper);
        committee.draw(w.spec, reveals, unrevealed);
    }

    /// @dev Opens an attempt and draws its committee.
    function seated(Workload memory w) internal {
        open(w);
        publishRound(w, bytes32("round of the committee"));
        drawCommittee(w);
    }

    /// @dev Seats of the current attempt's committee.
    function members(Workload memory w) internal view returns (uint256[] memory seats) {
        (seats, , ) = committee.membersOf(w.id, committee.judgmentOf(w.id).attempt);
    }

    /// @dev A verdict signed by the operator of a member of the current attempt.
    function ballot(
        Workload memory w,
        uint256 member,
        uint256 valid
    ) internal view returns (ICommitteeTypes.Ballot memory) {
        return ballotBy(w, keyOf[operatorOf[members(w)[member]]], member, valid);
    }

    function ballotBy(
        Workload memory w,
        uint256 key,
        uint256 member,
        uint256 valid
    ) internal view returns (ICommitteeTypes.Ballot memory) {
        ICommitteeTypes.Judgment memory j = committee.judgmentOf(w.id);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, committee.digestOf(w.id, j.attempt, j.proofs, valid));
        return ICommitteeTypes.Ballot(member, valid, r, s | bytes32(uint256(v - 27) << 255));
    }

    /// @dev Verdicts of members `from … to − 1`.
    function ballots(
        Workload memory w,
        uint256 from,
        uint256 to,
        uint256 valid
    ) internal view returns (ICommitteeTypes.Ballot[] memory list) {
        list = new ICommitteeTypes.Ballot[](to - from);
        for (uint256 i = from; i < to; ++i) list[i - from] = ballot(w, i, valid);
    }

    function post(Workload memory w, ICommitteeTypes.Ballot[] memory list) internal {
        vm.prank(keeper);
        committee.post(w.id, list);
    }

    /// @dev Members `from … to − 1` find `valid`.
    function vote(Workload memory w, uint256 from, uint256 to, uint256 valid) internal {
        post(w, ballots(w, from, to, valid));
    }

    /// @dev First second in which the current attempt's committee cannot answer any more.
    function toVotesOver(Workload memory w) internal {
        warp(committee.judgmentOf(w.id).until + 1);
    }

    /// @dev First second in which the verdict cannot be appealed any more.
    function toFinal(Workload memory w) internal {
        warp(committee.judgmentOf(w.id).until + VERDICT_WINDOW + 1);
    }

    /// @dev Lets the current attempt pass without its committee being drawn.
    function toDrawOver(Workload memory w) internal {
        warp(registry.genesis() + (committee.judgmentOf(w.id).epoch + 3) * EPOCH);
    }

    /// @dev Three committees of which nobody answers.
    function giveUp(Workload memory w) internal {
        for (uint256 i; i < ATTEMPTS; ++i) {
            seated(w);
            toVotesOver(w);
        }
    }

    /// @dev Gives an account tokens and lets the committee take them as a bond.
    function fundBond(address who) internal returns (uint256 bond) {
        bond = 3 * committeeShareOf(FEE);
        token.transfer(who, bond);
        vm.prank(who);
        token.approve(address(committee), bond);
    }

    function appeal(Workload memory w, address who) internal {
        vm.prank(who);
        committee.appeal(w.spec);
    }

    // ─── Money and checks ───────────────────────────────────────────────────────────────────────────────────────────────────

    function committeeShareOf(uint256 fee) internal pure returns (uint256) {
        return (fee * COMMITTEE_BPS) / 10_000;
    }

    function judgedPotOf(uint256 fee) internal pure returns (uint256) {
        return potOf(fee) - committeeShareOf(fee);
    }

    function assertStage(Workload memory w, ICommitteeTypes.Stage stage) internal view {
        assertEq(uint256(committee.judgmentOf(w.id).stage), uint256(stage), "stage");
    }

    function expectStage(Workload memory w, ICommitteeTypes.Stage stage) internal {
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongStage.selector, w.id, stage));
    }
}
