// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore} from "../interfaces/IMarket.sol";
import {Receipt} from "../libraries/Receipt.sol";
import {SlotWord, SlotWordLib} from "../libraries/SlotWord.sol";
import {Terms} from "../libraries/Terms.sol";
import {Verifier} from "../libraries/Verifier.sol";
import {WorkloadWord, WorkloadWordLib} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title What provers do on the way to a proof: accept, commit, reveal, or submit it at once
/// @notice TIME. Commits are possible up to and including the deadline second, and never once commits closed early. A slot is its
/// seat's alone up to and including the last second of the response window; if it was accepted by then, until the rescue
/// second; and for good once its seat committed. Reveals are possible after `revealDelay` seconds from the close, up to
/// and including the last second of the reveal window.
abstract contract Proving is WorkloadStore, IMarketCore {
    /// @notice Longest proof a reveal can carry in its event: 1 KiB costs about as much gas as the rest of the reveal.
    uint256 public constant MAX_INLINE_PROOF = 1024;
    /// @notice Longest hint where a proof can be fetched.
    uint256 public constant MAX_URI = 256;

    /// @inheritdoc IMarketCore
    function accept(bytes32 workload, uint256 seat) external {
        WorkloadWord w = _loadOpen(workload);
        (uint256 key, SlotWord s) = _findOwn(workload, w, seat);
        if (!s.isIn(SlotState.Assigned)) revert WrongSlotState(seat, s.state());
        s = s.become(SlotState.Accepted);
        // A late acceptance ends the silence, but the slot stays open to others.
        if (block.timestamp <= w.responseEnd()) {
            s = s.hold();
            _workloads[workload] = w.accept();
        }
        _slots[key] = s;
        emit Accepted(workload, seat);
    }

    /// @inheritdoc IMarketCore
    function commit(bytes32 workload, uint256 seat, uint160 commitment) external {
        WorkloadWord w = _loadOpen(workload);
        (uint256 key, SlotWord s) = _findOwn(workload, w, seat);
        if (!s.busy()) revert WrongSlotState(seat, s.state());
        uint256 order = w.commits();
        bool open = w.openSlots(block.timestamp) != 0;
        if (order == 0 && !open && w.redundancy() == 1 && !w.judged()) revert SubmitAtOnce();
        _slots[key] = s.become(SlotState.Committed).withPayload(commitment).withOrder(order);
        emit Committed(workload, seat, s.slot(), order, commitment);
        _storeOwnCommit(workload, w.commitOwn(s.held()), open);
    }

    /// @inheritdoc IMarketCore
    function commitOpen(Spec calldata spec, uint256 seat, uint160 commitment) external {
        bytes32 workload = _idOf(spec);
        WorkloadWord w = _loadOpen(workload);
        if (w.openSlots(block.timestamp) == 0) revert NoOpenSlot();
        // Room is kept for the commits of the slots' own seats.
        uint256 order = w.commits();
        uint256 taken = order + w.redundancy() - w.own();
        if (taken >= WorkloadWordLib.MAX_COMMITS) revert TooManyCommits(taken + 1, WorkloadWordLib.MAX_COMMITS);
        address operator = _msgSender();
        if (_committedOpen[workload][operator]) revert AlreadyCommitted(operator);
        _committedOpen[workload][operator] = true;
        _takeOpenSlot(Terms.wrap(spec.terms).class(), w.tag(), operator, seat, commitment, order);
        _workloads[workload] = w.commitOpen();
        emit Committed(workload, seat, SlotWordLib.OPEN_SLOT, order, commitment);
    }

    /// @inheritdoc IMarketCore
    function reveal(
        Spec calldata spec,
        Pin calldata pin,
        uint256 seat,
        bytes calldata publicInputs,
        bytes calldata proof,
        bytes32 salt
    ) external {
        (bytes32 workload, WorkloadWord w) = _load(spec, Phase.Proving);
        _checkRevealWindow(w);
        (uint256 key, SlotWord s) = _find(seat, w.tag());
        if (!s.isIn(SlotState.Committed)) revert WrongSlotState(seat, s.state());
        bytes32 digest = sha256(proof);
        _openCommitment(workload, seat, digest, salt, s.payload());
        bool valid = _verify(workload, spec, pin, publicInputs, proof);
        _workloads[workload] = w.reveal(valid);
        // The commitment contains the operator, so whoever opened it is the operator.
        _slots[key] = s.become(valid ? SlotState.Valid : SlotState.Invalid).withPayload(uint160(_msgSender()));
        emit Revealed(workload, seat, digest, valid);
    }

    /// @inheritdoc IMarketCore
    function revealToCommittee(
        Spec calldata spec,
        uint256 seat,
        bytes32 proofDigest,
        bytes32 salt,
        bytes calldata proof,
        string calldata uri
    ) external {
        (bytes32 workload, WorkloadWord w) = _load(spec, Phase.Proving);
        if (!w.judged()) revert NotJudged(workload);
        if (proof.length > MAX_INLINE_PROOF) revert ContentTooLong(proof.length, MAX_INLINE_PROOF);
        if (bytes(uri).length > MAX_URI) revert ContentTooLong(bytes(uri).length, MAX_URI);
        _checkRevealWindow(w);
        (uint256 key, SlotWord s) = _find(seat, w.tag());
        if (!s.isIn(SlotState.Committed)) revert WrongSlotState(seat, s.state());
        _openCommitment(workload, seat, proofDigest, salt, s.payload());
        // Bytes that are not the committed proof would be judged by nobody: refuse them here.
        if (proof.length != 0 && sha256(proof) != proofDigest) revert ProofNotValid();
        _workloads[workload] = w.reveal(true);
        _slots[key] = s.become(SlotState.Revealed).withPayload(uint160(_msgSender()));
        _chainProof(workload, s.order(), proofDigest);
        emit RevealedToCommittee(workload, seat, _msgSender(), s.order(), proofDigest, proof, uri);
    }

    /// @inheritdoc IMarketCore
    function submitProof(
        Spec calldata spec,
        Pin calldata pin,
        uint256 seat,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external {
        bytes32 workload = _idOf(spec);
        WorkloadWord w = _loadOpen(workload);
        (uint256 key, SlotWord s) = _findOwn(workload, w, seat);
        if (!s.busy()) revert WrongSlotState(seat, s.state());
        // With one slot and no rival there is nothing a copy of the proof could win.
        bool alone = w.redundancy() == 1 && w.commits() == 0;
        // The verification finds out whether the pin is the program's.
        if (!alone && !Verifier.wrap(pin.verifier).bindsProver()) revert CommitFirst();
        if (!_verify(workload, spec, pin, publicInputs, proof)) revert ProofNotValid();
        emit Revealed(workload, seat, sha256(proof), true);
        if (alone) {
            _free(workload, key, s, false, true);
            _payAlone(workload, w, Terms.wrap(spec.terms).fee(), seat, s.payload());
            return;
        }
        uint256 order = w.commits();
        bool open = w.openSlots(block.timestamp) != 0;
        _slots[key] = s.become(SlotState.Valid).withOrder(order);
        emit Committed(workload, seat, s.slot(), order, 0);
        _storeOwnCommit(workload, w.commitOwn(s.held()).reveal(true), open);
    }

    /// @dev Ends a workload of one slot whose proof was just verified.
    function _payAlone(bytes32 workload, WorkloadWord w, uint256 fee, uint256 seat, uint160 operator) private {
        uint256 pot = w.frozen().potOf(fee);
        uint256 burned = w.frozen().baseBurnOf(fee);
        _creditAndBurn(address(operator), pot + w.frozen().settleBounty(), burned);
        emit SlotSettled(workload, seat, 1, pot);
        uint256 receipt = Receipt.hashOfOne(workload, burned, Receipt.entry(0, seat, operator));
        _finish(workload, w, Outcome.Proven, false, Ledger(pot, 0, burned, receipt));
    }

    /// @dev Adds what the caller revealed to what the committee will be shown.
    function _chainProof(bytes32 workload, uint256 order, bytes32 proofDigest) private {
        _proofs[workload] = keccak256(abi.encode(_proofs[workload], order, _msgSender(), proofDigest));
    }

    /// @dev Writes the commitment into the main word of an eligible seat of the caller.
    function _takeOpenSlot(
        uint8 class,
        uint256 tag,
        address operator,
        uint256 seat,
        uint160 commitment,
        uint256 order
    ) private {
        (address staker, uint8 seatClass, bool active) = registry.standing(seat);
        if (staker != operator) revert NotOperator(seat, operator, staker);
        (, SlotWord present) = _find(seat, tag);
        (bool free, SlotWord previous) = _makeRoom(seat);
        if (!active || seatClass != class || !free || !present.isIn(SlotState.Free)) revert SeatNotEligible(seat);
        _slots[_mainKey(seat)] = SlotWordLib.create(
            previous,
            commitment,
            tag,
            SlotState.Committed,
            SlotWordLib.OPEN_SLOT,
            order
        );
    }

    /// @dev Stores the word after a slot's own seat delivered, and closes commits when that was the last one.
    /// @param open Whether a slot was open to others until then: junk must not close a market that others may be working for, so
    /// then only time or the requester does. Neither does a lone commit, which one seat can make junk: a committee sees it after the close.
    function _storeOwnCommit(bytes32 workload, WorkloadWord w, bool open) internal {
        uint256 own = w.own();
        if (own == w.redundancy() && own != 1 && !open) {
            w = w.close(block.timestamp);
            emit CommitsClosed(workload, false);
        }
        _workloads[workload] = w;
    }
}
