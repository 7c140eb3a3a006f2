// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore} from "../interfaces/IMarket.sol";
import {BeaconCall} from "../libraries/BeaconCall.sol";
import {Candidate} from "../libraries/Candidate.sol";
import {FrozenRules} from "../libraries/FrozenRules.sol";
import {SlotWord, SlotWordLib} from "../libraries/SlotWord.sol";
import {Terms, TermsLib} from "../libraries/Terms.sol";
import {Verifier} from "../libraries/Verifier.sol";
import {WorkloadWord, WorkloadWordLib} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Submit and assign: from a request to seats that hold its slots
/// @notice A workload's id is the hash of its full spec. One word holds its state; the spec is passed again by whoever needs it.
abstract contract Submission is WorkloadStore, IMarketCore {
    using Candidate for uint256;

    /// @notice Most slots of a workload.
    uint256 public constant MAX_REDUNDANCY = 8;
    /// @dev Candidates looked at per slot.
    uint256 private constant CANDIDATES_PER_SLOT = 3;

    // ─── Submit ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IMarketCore
    function submit(Request calldata request) external returns (bytes32 workload) {
        address requester = _msgSender();
        return _submit(request, requester, _lock(requester, request.fee, request.nonce, 1));
    }

    /// @inheritdoc IMarketCore
    function submitMany(Request[] calldata requests) external returns (bytes32[] memory workloads) {
        uint256 count = requests.length;
        // All or none, so each names its nonce.
        _checkTerm("requests", count, 1, type(uint256).max);
        _checkTerm("nonce", requests[0].nonce, 0, ANY_NONCE - 1);
        uint256 total;
        uint256 nonce = requests[0].nonce;
        for (uint256 i; i < count; ++i) {
            if (requests[i].nonce != nonce + i) revert WrongNonce(requests[i].nonce, nonce + i);
            total += requests[i].fee;
        }
        address requester = _msgSender();
        uint256 tag = _lock(requester, total, nonce, count);
        workloads = new bytes32[](count);
        for (uint256 i; i < count; ++i) workloads[i] = _submit(requests[i], requester, tag + i);
    }

    // ─── Assign ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IMarketCore
    function assign(bytes32 workload) external {
        WorkloadWord w = _workloads[workload];
        if (!w.isIn(Phase.Pending)) revert WrongPhase(workload, w.phase(), Phase.Pending);
        uint256 last = w.epoch() + ASSIGN_EPOCHS;
        if (_currentEpoch() > last) revert AssignWindowOver(_currentEpoch(), last);
        (FrozenRules frozen, bytes32 randomness) = _roundOf(w);
        if (randomness == 0) revert RoundNotKnown(w.time());
        address caller = _msgSender();
        _credit(caller, _assign(workload, w, frozen, randomness, caller));
    }

    /// @inheritdoc IMarketCore
    function assignMany(bytes32[] calldata workloads) external {
        uint256 current = _currentEpoch();
        uint256 bounties;
        address caller = _msgSender();
        for (uint256 i; i < workloads.length; ++i) {
            WorkloadWord w = _workloads[workloads[i]];
            if (!w.isIn(Phase.Pending) || current > w.epoch() + ASSIGN_EPOCHS) continue;
            (FrozenRules frozen, bytes32 randomness) = _roundOf(w);
            if (randomness == 0) continue;
            bounties += _assign(workloads[i], w, frozen, randomness, caller);
        }
        _credit(caller, bounties);
    }

    // ─── Internal ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _submit(Request calldata request, address requester, uint256 tag) private returns (bytes32 workload) {
        Verifier verifier = _programs[request.program].verifier;
        if (!verifier.exists()) revert UnknownProgram(request.program);
        uint8 class = verifier.class();
        StoredClass memory terms = _classes[class];
        uint16 marks = terms.rules & MARKS;
        if (marks != 0) {
            _passGate(class, marks, requester);
            terms.rules ^= marks;
        }
        if (terms.rules == 0) revert ClassClosed(class);
        _checkTerms(request, terms);
        WorkloadWord w = WorkloadWordLib.pending(
            WorkloadWordLib.feeAndTag(request.fee, tag),
            marks & ASKS == 0 ? _scheduledRound(terms) : BeaconCall.namedRound(_rules[terms.rules].beacon),
            request.maxRunTime,
            _min(terms.responseWindow, request.maxRunTime / 10),
            request.rescue,
            request.redundancy,
            WorkloadWordLib.drawInfo(class, terms.rules, _currentEpoch())
        );
        if (verifier.account() == address(0)) {
            if (_rules[terms.rules].verdictWindow == 0) revert CommitteesOff(terms.rules);
            w = w.judge();
        }
        workload = _announce(request, _termsOf(request, class, terms.rules, tag), requester);
        _workloads[workload] = w;
    }

    /// @dev Announces a spec and returns its id. Both come from one copy of it: emit Submitted(id, requester, program, inputs,
    /// publicInputs, deliveryKey, terms, inputsUri), where id is what {WorkloadStore-_idOf} says of the spec.
    function _announce(Request calldata request, Terms terms, address requester) private returns (bytes32 workload) {
        bytes32 topic = Submitted.selector;
        bytes calldata uri = bytes(request.inputsUri);
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, chainid())
            mstore(add(words, 0x20), address())
            // A spec begins with the same four words as a request: program, inputs, public inputs, delivery key.
            calldatacopy(add(words, 0x40), request, 0x80)
            mstore(add(words, 0xc0), terms)
            mstore(add(words, 0xe0), requester)
            workload := keccak256(words, 0x100)
            // The event's data are the words from the inputs on, with the URI's place, length and bytes where the requester was.
            mstore(add(words, 0xe0), 0xa0)
            mstore(add(words, 0x100), uri.length)
            let bytes_ := add(words, 0x120)
            mstore(add(bytes_, uri.length), 0)
            calldatacopy(bytes_, uri.offset, uri.length)
            let size := add(0xc0, and(add(uri.length, 31), not(31)))
            log4(add(words, 0x60), size, topic, workload, requester, calldataload(request))
        }
    }

    function _termsOf(
        Request calldata request,
        uint256 class,
        uint256 rules,
        uint256 tag
    ) private pure returns (Terms) {
        return TermsLib.pack(request.fee, request.maxRunTime, request.redundancy, request.rescue, class, rules, tag);
    }

    /// @dev Lets a submission to a class with marks on its rules pass, or reverts.
    function _passGate(uint8 class, uint16 marks, address requester) private view {
        if (marks & PAUSED != 0) {
            uint256 until = pausedUntil[class];
            // When it ran out and nobody has lifted it yet, the mark means nothing.
            if (block.timestamp <= until) revert SubmissionsPaused(class, block.timestamp, until);
        }
        if (marks & RESTRICTED != 0) _checkAdmitted(AccessList.Requesters, requester);
    }

    function _checkTerms(Request calldata request, StoredClass memory terms) private pure {
        if (
            request.redundancy == 0 ||
            request.redundancy > MAX_REDUNDANCY ||
            // A seat must have time to answer: without it, cheap short workloads would use up quotas and streaks.
            request.maxRunTime < terms.responseWindow ||
            request.maxRunTime == 0 ||
            request.maxRunTime > WorkloadWordLib.MAX_RUN_TIME ||
            request.rescue < 50 ||
            request.rescue > 100 ||
            request.fee > type(uint80).max
        ) _refuseTerms(request, terms);
        // Every factor has been checked to be small.
        unchecked {
            uint256 minimum = terms.minimumRate * request.maxRunTime;
            if (minimum < terms.minimumFee) minimum = terms.minimumFee;
            minimum *= request.redundancy * GWEI;
            if (request.fee < minimum) revert FeeTooLow(request.fee, minimum);
        }
    }

    /// @dev Says which bound of {_checkTerms} a request is outside of. Apart from it, so that requests within them all pay nothing for the words.
    function _refuseTerms(Request calldata request, StoredClass memory terms) private pure {
        _checkTerm("redundancy", request.redundancy, 1, MAX_REDUNDANCY);
        uint256 shortest = terms.responseWindow == 0 ? 1 : terms.responseWindow;
        _checkTerm("maxRunTime", request.maxRunTime, shortest, WorkloadWordLib.MAX_RUN_TIME);
        _checkTerm("rescue", request.rescue, 50, 100);
        revert InvalidTerms("fee", request.fee, 0, type(uint80).max);
    }

    function _checkTerm(bytes32 term, uint256 have, uint256 least, uint256 most) private pure {
        if (have < least || have > most) revert InvalidTerms(term, have, least, most);
    }

    /// @dev What the draw needs of the rules, one read of their first word, and the value of the workload's round; zero while there is none.
    function _roundOf(WorkloadWord w) private view returns (FrozenRules frozen, bytes32 randomness) {
        StoredRules storage r = _rules[w.rules()];
        return (r.frozen, BeaconCall.valueOf(r.beacon, w.time()));
    }

    /// @dev The draw. Candidates are a pure function of (randomness, workload, active set of the frozen epoch); slots go in that order to
    /// candidates that are fit, first to operators that hold no slot here yet, then to the others.
    /// @return bounty What the caller earns.
    function _assign(
        bytes32 workload,
        WorkloadWord w,
        FrozenRules frozen,
        bytes32 randomness,
        address caller
    ) private returns (uint256 bounty) {
        bytes32 seed = keccak256(abi.encode(randomness, workload));
        uint256 wanted = w.redundancy();
        uint256[] memory candidates = registry.draw(w.class(), seed, w.epoch(), 0, wanted);
        uint256 drawn = _fill(w, candidates, 0, 0);
        if (drawn < wanted && candidates.length == wanted) {
            // Somebody was passed over: look at the rest of the fixed sequence.
            uint256[] memory rest = registry.draw(
                w.class(),
                seed,
                w.epoch(),
                wanted,
                wanted * (CANDIDATES_PER_SLOT - 1)
            );
            candidates = _concat(candidates, rest);
            drawn = _fill(w, candidates, wanted, drawn);
        }
        if (drawn < wanted) drawn = _fillSameOperator(w, candidates, drawn);
        _workloads[workload] = w.proving(block.timestamp, wanted - drawn, frozen);
        emit Assigned(workload, caller, candidates);
        return frozen.assignBounty();
    }

    /// @dev Looks at candidates `from …` in order, gives free slots to those that are fit and reports each in place.
    /// @return The number of slots given so far.
    function _fill(
        WorkloadWord w,
        uint256[] memory candidates,
        uint256 from,
        uint256 drawn
    ) internal returns (uint256) {
        uint256 wanted = w.redundancy();
        uint256 count = candidates.length;
        unchecked {
            uint256 offer = w.fee() / (wanted * w.runTime() * GWEI);
            for (uint256 i = from; i < count; ++i) {
                uint256 candidate = candidates[i];
                Draw draw = Draw.Drawn;
                if (drawn == wanted) draw = Draw.Spare;
                else if (!candidate.drawable()) draw = Draw.Inactive;
                else if (candidate.priceFloor() > offer) draw = Draw.BelowFloor;
                else if (_holdsSlot(candidates, i, candidate.operator())) draw = Draw.SameOperator;
                else if (!_assignSeat(w, candidate, drawn)) draw = Draw.Busy;
                candidates[i] = candidate.report(draw, draw == Draw.Drawn ? drawn++ : SlotWordLib.OPEN_SLOT);
            }
        }
        return drawn;
    }

    /// @dev Gives slots that are still free to fit candidates set aside because of their operator.
    function _fillSameOperator(WorkloadWord w, uint256[] memory candidates, uint256 drawn) internal returns (uint256) {
        for (uint256 i; i < candidates.length && drawn < w.redundancy(); ++i) {
            uint256 candidate = candidates[i];
            if (!candidate.was(Draw.SameOperator)) continue;
            if (!_assignSeat(w, candidate, drawn)) candidates[i] = candidate.report(Draw.Busy, SlotWordLib.OPEN_SLOT);
            else candidates[i] = candidate.report(Draw.Drawn, drawn++);
        }
        return drawn;
    }

    /// @dev Whether one of the first `count` candidates was drawn and belongs to `operator`.
    function _holdsSlot(uint256[] memory candidates, uint256 count, uint160 operator) private pure returns (bool) {
        for (uint256 i; i < count; ++i) {
            uint256 other = candidates[i];
            if (other.was(Draw.Drawn) && other.operator() == operator) return true;
        }
        return false;
    }

    function _assignSeat(WorkloadWord w, uint256 candidate, uint256 slot) private returns (bool) {
        uint256 seat = candidate.seat();
        (bool free, SlotWord previous) = _makeRoom(seat);
        if (!free) return false;
        _slots[_mainKey(seat)] = SlotWordLib.create(
            previous,
            candidate.operator(),
            w.tag(),
            SlotState.Assigned,
            slot,
            0
        );
        return true;
    }

    function _concat(uint256[] memory a, uint256[] memory b) private pure returns (uint256[] memory both) {
        both = new uint256[](a.length + b.length);
        for (uint256 i; i < a.length; ++i) both[i] = a[i];
        for (uint256 i; i < b.length; ++i) both[a.length + i] = b[i];
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
