// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommitteeErrors, ICommitteeTypes} from "../../contracts/interfaces/ICommittee.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";

/// @notice Every action on a workload whose proofs a committee judges, in every state, either works or reverts with the stated error.
/// @dev As Market.states.t.sol. Alice acts for her seat, Dave appeals, the first member votes, anybody does the rest.
contract CommitteeStatesTest is CommitteeFixture {
    using RequestBuilder for Request;

    /// @dev The columns of every row, in the order of {_call}.
    string private constant ACTIONS =
        "fail commit reveal submitProof revealToCommittee release open draw post appeal settle clear slash";

    function setUp() public override {
        super.setUp();
        fundBond(dave);
    }

    /// @dev Tries every action on the state and returns to it after each. `row`: "ok" or the code of an error, see {_codeOf}.
    function _expectRow(Workload memory w, string memory row) private {
        string memory outcomes;
        for (uint256 action; action < 13; ++action) {
            uint256 saved = snapshot();
            (address sender, address target, bytes memory data) = _call(w, action);
            vm.prank(sender);
            (bool ok, bytes memory answer) = target.call(data);
            outcomes = string.concat(outcomes, action == 0 ? "" : " ", ok ? "ok" : _codeOf(bytes4(answer)));
            restore(saved);
        }
        assertEq(
            string.concat(ACTIONS, " | ", outcomes),
            string.concat(ACTIONS, " | ", row),
            "outcomes of the actions"
        );
    }

    function _call(Workload memory w, uint256 action) private view returns (address, address, bytes memory) {
        if (action < 5) return (alice, address(market), _callOfAlice(w, action));
        if (action == 5) return (requester, address(market), abi.encodeCall(market.release, (w.spec)));
        if (action == 6) return (keeper, address(committee), abi.encodeCall(committee.open, (w.spec)));
        if (action == 7) {
            bytes memory draw = abi.encodeCall(committee.draw, (w.spec, revealsOf[w.id], _unrevealed(w)));
            return (keeper, address(committee), draw);
        }
        if (action == 8) return (keeper, address(committee), abi.encodeCall(committee.post, (w.id, _vote(w))));
        if (action == 9) return (dave, address(committee), abi.encodeCall(committee.appeal, (w.spec)));
        if (action == 10) return (keeper, address(market), abi.encodeCall(market.settle, (w.spec, _toSettle(w))));
        if (action == 11) return (keeper, address(market), abi.encodeCall(market.clear, (w.spec, one(seatOf[bob]))));
        return (keeper, address(market), abi.encodeCall(market.slash, (w.spec, one(seatOf[alice]))));
    }

    function _callOfAlice(Workload memory w, uint256 action) private view returns (bytes memory) {
        uint256 seat = seatOf[alice];
        if (action == 0) return abi.encodeCall(market.fail, (w.spec, seat, FailReason.OutOfTime));
        if (action == 1) return abi.encodeCall(market.commit, (w.id, seat, commitmentOf(w, seat, proofOf(seat))));
        if (action == 2) {
            return abi.encodeCall(market.reveal, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat), saltOf(seat)));
        }
        if (action == 3)
            return abi.encodeCall(market.submitProof, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat)));
        bytes32 digest = sha256(proofOf(seat));
        return abi.encodeCall(market.revealToCommittee, (w.spec, seat, digest, saltOf(seat), "", ""));
    }

    /// @dev The seats that a settling must name: those that revealed.
    function _toSettle(Workload memory w) private view returns (uint256[] memory seats) {
        ICommitteeTypes.Reveal[] memory reveals = revealsOf[w.id];
        seats = new uint256[](reveals.length);
        for (uint256 i; i < reveals.length; ++i) seats[i] = seatOf[reveals[i].operator];
    }

    /// @dev Bob's seat, where it committed and did not reveal.
    function _unrevealed(Workload memory w) private view returns (uint256[] memory) {
        bool hides = market.slotOf(w.id, seatOf[bob]).state == SlotState.Committed;
        return hides ? one(seatOf[bob]) : none();
    }

    /// @dev The first member's vote for all proofs; nobody's before there are members.
    function _vote(Workload memory w) private view returns (ICommitteeTypes.Ballot[] memory) {
        bool votes = committee.judgmentOf(w.id).stage == ICommitteeTypes.Stage.Voting;
        return votes ? ballots(w, 0, 1, 1) : new ICommitteeTypes.Ballot[](0);
    }

    function _codeOf(bytes4 selector) private pure returns (string memory) {
        if (selector == WrongPhase.selector) return "phase";
        if (selector == SeatNotInWorkload.selector) return "gone";
        if (selector == WrongSlotState.selector) return "slot";
        if (selector == CommitsClosedAlready.selector) return "closed";
        if (selector == OutsideRevealWindow.selector) return "window";
        if (selector == NoVerifierContract.selector) return "judged";
        if (selector == CommitFirst.selector) return "first";
        if (selector == NoCommits.selector) return "noCommits";
        if (selector == TooEarly.selector) return "early";
        if (selector == NotSilent.selector) return "notSilent";
        if (selector == NothingToJudge.selector) return "nothing";
        if (selector == NotJudged.selector) return "byContract";
        if (selector == ICommitteeErrors.WrongStage.selector) return "stage";
        if (selector == ICommitteeErrors.RoundNotKnown.selector) return "unknown";
        return "unnamed";
    }

    /// State: drawn, the only slot
    function test_state_Alone() public sound {
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        _expectRow(w, "ok ok window judged window noCommits early early stage early early phase early");
    }

    /// State: the only slot is committed
    function test_state_AloneCommitted() public sound {
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        commit(w, seatOf[alice]);
        _expectRow(w, "slot slot window slot window ok early early stage early early phase early");
    }

    /// State: drawn
    function test_state_Assigned() public sound {
        Workload memory w = drawn(aJudgedRequest(), pair(seatOf[alice], seatOf[bob]));
        _expectRow(w, "ok ok window first window noCommits early early stage early early phase early");
    }

    /// State: all committed, before the reveals
    function test_state_AllCommitted() public sound {
        Workload memory w = drawn(aJudgedRequest(), pair(seatOf[alice], seatOf[bob]));
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        _expectRow(w, "slot closed window closed window closed early early stage early early phase early");
    }

    /// State: reveal window, committed
    function test_state_Revealing() public sound {
        Workload memory w = committedByBoth();
        _expectRow(w, "slot closed judged closed ok closed early early stage early early phase early");
    }

    /// State: reveal window, revealed, another is missing
    function test_state_Revealed() public sound {
        Workload memory w = committedByBoth();
        revealTo(w, seatOf[alice]);
        _expectRow(w, "slot closed slot closed slot closed early early stage early early phase early");
    }

    /// State: reveal window over, nobody revealed
    function test_state_NotRevealed() public sound {
        Workload memory w = committedByBoth();
        toRevealsOver(w);
        _expectRow(w, "slot closed window closed window closed nothing nothing stage nothing ok phase early");
    }

    /// State: all revealed
    function test_state_AllRevealed() public sound {
        Workload memory w = revealedByBoth();
        _expectRow(w, "slot closed slot closed slot closed ok stage stage stage stage phase early");
    }

    /// State: reveal window over, one revealed
    function test_state_OneRevealed() public sound {
        Workload memory w = committedByBoth();
        revealTo(w, seatOf[alice]);
        toRevealsOver(w);
        _expectRow(w, "slot closed window closed window closed ok stage stage stage stage phase early");
    }

    /// State: Drawing, the round lies ahead
    function test_state_Drawing() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        _expectRow(w, "slot closed slot closed slot closed stage unknown stage stage stage phase early");
    }

    /// State: Drawing, the value is known
    function test_state_DrawingKnown() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        publishRound(w, bytes32("known"));
        _expectRow(w, "slot closed slot closed slot closed stage ok stage stage stage phase early");
    }

    /// State: Voting
    function test_state_Voting() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        _expectRow(w, "slot closed slot closed slot closed stage stage ok stage stage phase early");
    }

    /// State: Voting, every proof is decided
    function test_state_VotingDecided() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 3);
        _expectRow(w, "slot closed slot closed slot closed stage stage ok stage stage phase early");
    }

    /// State: Failed, nobody voted
    function test_state_Failed() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        toVotesOver(w);
        _expectRow(w, "slot closed window closed window closed ok stage stage stage stage phase early");
    }

    /// State: Failed, never drawn
    function test_state_FailedUndrawn() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        toDrawOver(w);
        _expectRow(w, "slot closed window closed window closed ok stage stage stage stage phase early");
    }

    /// State: Appealable
    function test_state_Appealable() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 3);
        toVotesOver(w);
        _expectRow(w, "slot closed window closed window closed stage stage stage ok stage phase early");
    }

    /// State: appealed, Drawing
    function test_state_AppealDrawing() public sound {
        Workload memory w = _appealed();
        publishRound(w, bytes32("known"));
        _expectRow(w, "slot closed window closed window closed stage ok stage stage stage phase early");
    }

    /// State: appealed, Voting
    function test_state_AppealVoting() public sound {
        Workload memory w = _appealed();
        publishRound(w, bytes32("round of the appeal"));
        drawCommittee(w);
        _expectRow(w, "slot closed window closed window closed stage stage ok stage stage phase early");
    }

    /// State: Final, the verdict stands
    function test_state_Final() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 3);
        toFinal(w);
        _expectRow(w, "slot closed window closed window closed stage stage stage stage ok phase early");
    }

    /// State: GivenUp
    function test_state_GivenUp() public sound {
        Workload memory w = revealedByBoth();
        giveUp(w);
        _expectRow(w, "slot closed window closed window closed stage stage stage stage ok phase early");
    }

    /// State: Final: Proven, settled without Bob's invalid proof
    function test_state_Settled() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 1);
        toFinal(w);
        settle(w, one(seatOf[alice]));
        _expectRow(w, "gone phase phase phase phase phase phase phase stage phase phase ok early");
    }

    function _appealed() private returns (Workload memory w) {
        w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 3);
        toVotesOver(w);
        appeal(w, dave);
    }
}
