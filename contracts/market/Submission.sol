// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {IMarketCore} from "../interfaces/IMarket.sol";
import {Candidate} from "../libraries/Candidate.sol";
import {SlotWord, SlotWordLib} from "../libraries/SlotWord.sol";
import {Terms, TermsLib} from "../libraries/Terms.sol";
import {WorkloadWord, WorkloadWordLib} from "../libraries/WorkloadWord.sol";
import {Gate} from "./Gate.sol";

/// @title Submit and assign: from a request to seats that hold its slots
/// @notice A workload's id is the hash of its full spec. One word holds its state; the spec is passed again by whoever needs it.
abstract contract Submission is Gate {
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
        if (count == 0 || requests[0].nonce == ANY_NONCE) revert InvalidTerms();
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
        if (w.phase() != Phase.Pending) revert WrongPhase(workload, w.phase(), Phase.Pending);
        if (_currentEpoch() > w.epoch() + ASSIGN_EPOCHS) revert AssignWindowOver(w.epoch());
        StoredRules storage r = _rules[w.rules()];
        bytes32 randomness = IBeacon(r.beacon).value(uint32(w.time()));
        if (randomness == 0) revert RoundNotKnown(w.time());
        address caller = _msgSender();
        _assign(workload, w, randomness, caller);
        _credit(caller, r.drawBounty * GWEI);
    }

    /// @inheritdoc IMarketCore
    function assignMany(bytes32[] calldata workloads) external {
        uint256 current = _currentEpoch();
        uint256 bounties;
        address caller = _msgSender();
        for (uint256 i; i < workloads.length; ++i) {
            WorkloadWord w = _workloads[workloads[i]];
            if (w.phase() != Phase.Pending || current > w.epoch() + ASSIGN_EPOCHS) continue;
            StoredRules storage r = _rules[w.rules()];
            bytes32 randomness = IBeacon(r.beacon).value(uint32(w.time()));
            if (randomness == 0) continue;
            _assign(workloads[i], w, randomness, caller);
            bounties += r.drawBounty;
        }
        _credit(caller, bounties * GWEI);
    }

    // ─── Internal ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _submit(Request calldata request, address requester, uint256 tag) private returns (bytes32 workload) {
        StoredProgram storage program = _programs[request.program];
        uint8 class = program.class;
        if (!program.deployed) revert UnknownProgram(request.program);
        StoredClass memory terms = _classes[class];
        if (terms.rules & (PAUSED | RESTRICTED) != 0) terms.rules = _passGate(class, terms.rules, requester);
        if (terms.rules == 0) revert ClassClosed(class);
        _checkTerms(request, terms);
        Spec memory spec = _specOf(request, requester, class, terms.rules, tag);
        workload = keccak256(abi.encode(block.chainid, address(this), spec));
        _workloads[workload] = WorkloadWordLib.pending(
            WorkloadWordLib.feeAndTag(request.fee, tag),
            IBeacon(terms.beacon).nextRound(),
            request.maxRunTime,
            _min(terms.responseWindow, request.maxRunTime / 10),
            request.rescue,
            request.redundancy,
            WorkloadWordLib.drawInfo(class, terms.rules, _currentEpoch())
        );
        if (program.verifier == address(0)) _judgeByCommittee(workload, terms.rules);
        _announce(workload, spec, request.inputsUri);
    }

    /// @dev Marks a workload just submitted as one whose proofs a committee judges.
    function _judgeByCommittee(bytes32 workload, uint256 rules) private {
        if (_rules[rules].verdictWindow == 0) revert CommitteesOff(rules);
        _workloads[workload] = _workloads[workload].judge();
    }

    function _announce(bytes32 workload, Spec memory spec, string calldata inputsUri) private {
        emit Submitted(
            workload,
            spec.requester,
            spec.program,
            spec.inputs,
            spec.publicInputs,
            spec.deliveryKey,
            spec.terms,
            inputsUri
        );
    }

    function _specOf(
        Request calldata request,
        address requester,
        uint256 class,
        uint256 rules,
        uint256 tag
    ) private pure returns (Spec memory) {
        return
            Spec({
                program: request.program,
                inputs: request.inputs,
                publicInputs: request.publicInputs,
                deliveryKey: request.deliveryKey,
                terms: Terms.unwrap(
                    TermsLib.pack(
                        request.fee,
                        request.maxRunTime,
                        request.redundancy,
                        request.rescue,
                        class,
                        rules,
                        tag
                    )
                ),
                requester: requester
            });
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
        ) revert InvalidTerms();
        uint256 minimum = uint256(terms.minimumRate) * request.maxRunTime;
        if (minimum < terms.minimumFee) minimum = terms.minimumFee;
        minimum *= request.redundancy;
        if (request.fee < minimum * GWEI) revert FeeTooLow(request.fee, minimum * GWEI);
    }

    /// @dev The draw. Candidates are a pure function of (randomness, workload, active set of the frozen epoch); slots go in that order to
    /// candidates that are fit, first to operators that hold no slot here yet, then to the others.
    function _assign(bytes32 workload, WorkloadWord w, bytes32 randomness, address caller) private {
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
        _workloads[workload] = w.proving(block.timestamp, wanted - drawn);
        emit Assigned(workload, caller, candidates);
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
        uint256 offer = w.fee() / (wanted * w.runTime() * GWEI);
        for (uint256 i = from; i < candidates.length; ++i) {
            uint256 candidate = candidates[i];
            Draw draw = Draw.Drawn;
            if (drawn == wanted) draw = Draw.Spare;
            else if (!candidate.drawable()) draw = Draw.Inactive;
            else if (candidate.priceFloor() > offer) draw = Draw.BelowFloor;
            else if (_holdsSlot(candidates, i, candidate.operator())) draw = Draw.SameOperator;
            else if (!_assignSeat(w, candidate, drawn)) draw = Draw.Busy;
            candidates[i] = candidate.report(draw, draw == Draw.Drawn ? drawn++ : SlotWordLib.OPEN_SLOT);
        }
        return drawn;
    }

    /// @dev Gives slots that are still free to fit candidates set aside because of their operator.
    function _fillSameOperator(WorkloadWord w, uint256[] memory candidates, uint256 drawn) internal returns (uint256) {
        for (uint256 i; i < candidates.length && drawn < w.redundancy(); ++i) {
            uint256 candidate = candidates[i];
            if (candidate.result() != Draw.SameOperator) continue;
            if (!_assignSeat(w, candidate, drawn)) candidates[i] = candidate.report(Draw.Busy, SlotWordLib.OPEN_SLOT);
            else candidates[i] = candidate.report(Draw.Drawn, drawn++);
        }
        return drawn;
    }

    /// @dev Whether one of the first `count` candidates was drawn and belongs to `operator`.
    function _holdsSlot(uint256[] memory candidates, uint256 count, uint160 operator) private pure returns (bool) {
        for (uint256 i; i < count; ++i) {
            if (candidates[i].result() == Draw.Drawn && candidates[i].operator() == operator) return true;
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
