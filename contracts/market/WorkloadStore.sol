// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SlotWord} from "../libraries/SlotWord.sol";
import {Terms} from "../libraries/Terms.sol";
import {WorkloadWord} from "../libraries/WorkloadWord.sol";
import {SlotStore} from "./SlotStore.sol";

/// @title Workloads, as stored, and what every stage needs of them
/// @notice The last of the storage layers: the market and its extension both inherit exactly these, so they agree on every slot.
abstract contract WorkloadStore is SlotStore {
    /// @dev Where a fee went, without the bounties, and the hash of the receipt; zero for none.
    struct Ledger {
        uint256 paid;
        uint256 refunded;
        uint256 burned;
        uint256 receipt;
    }

    /// @notice Epochs after the one drawn from in which a draw is still possible; the registry remembers exactly that long.
    uint256 public constant ASSIGN_EPOCHS = 3;

    mapping(bytes32 workload => WorkloadWord word) internal _workloads;

    /// @dev One commit to an open slot an operator, so that junk cannot use up the room.
    mapping(bytes32 workload => mapping(address operator => bool committed)) internal _committedOpen;

    /// @dev Chained hash of what was revealed to a committee, see {IMarketExtension-judgingOf}.
    mapping(bytes32 workload => bytes32 proofs) internal _proofs;

    /// @dev The id of a spec: no other chain, market, requester or nonce can give the same.
    function _idOf(Spec calldata spec) internal view returns (bytes32 workload) {
        // keccak256(abi.encode(block.chainid, address(this), spec)): a spec is six words in a row.
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, chainid())
            mstore(add(words, 0x20), address())
            calldatacopy(add(words, 0x40), spec, 0xc0)
            workload := keccak256(words, 0x100)
        }
    }

    /// @dev The rules a workload was submitted under.
    function _rulesOf(Spec calldata spec) internal view returns (StoredRules storage) {
        return _rules[Terms.wrap(spec.terms).rules()];
    }

    /// @dev Id and state of a workload whose spec is passed again.
    function _load(Spec calldata spec, Phase phase) internal view returns (bytes32 workload, WorkloadWord w) {
        workload = _idOf(spec);
        w = _workloads[workload];
        if (!w.isIn(phase)) revert WrongPhase(workload, w.phase(), phase);
    }

    /// @dev Whether commits are possible now.
    function _isOpen(WorkloadWord w) internal view returns (bool) {
        return w.isIn(Phase.Proving) && !w.closed() && block.timestamp <= w.deadline();
    }

    function _loadOpen(bytes32 workload) internal view returns (WorkloadWord w) {
        w = _workloads[workload];
        if (!w.isIn(Phase.Proving)) revert WrongPhase(workload, w.phase(), Phase.Proving);
        if (!_isOpen(w)) revert CommitsClosedAlready(block.timestamp, w.deadline());
    }

    /// @dev The word of a slot assigned to a seat of the caller. New work always takes the main word and stays there until its seat commits.
    function _findOwn(bytes32 workload, WorkloadWord w, uint256 seat) internal view returns (uint256 key, SlotWord s) {
        key = _mainKey(seat);
        s = _slots[key];
        if (s.tag() != w.tag() || s.isIn(SlotState.Free)) revert SeatNotInWorkload(workload, seat);
        address caller = _msgSender();
        if (s.busy() && s.payload() != uint160(caller)) revert NotOperator(seat, caller, address(s.payload()));
    }

    /// @dev Reveals begin after the delay, so that a reorg cannot reopen commits after one, and end with the window.
    function _checkRevealWindow(WorkloadWord w) internal view {
        uint256 from = w.deadline() + w.frozen().revealDelay();
        uint256 until = from + w.frozen().revealWindow();
        if (block.timestamp <= from || block.timestamp > until)
            revert OutsideRevealWindow(block.timestamp, from, until);
    }

    /// @dev Checks that the caller opens a commitment with the sha-256 `digest` of its proof.
    function _openCommitment(
        bytes32 workload,
        uint256 seat,
        bytes32 digest,
        bytes32 salt,
        uint160 commitment
    ) internal view {
        uint160 opened = uint160(uint256(keccak256(abi.encode(digest, _msgSender(), workload, seat, salt))));
        if (opened != commitment) revert CommitmentMismatch(opened, commitment);
    }

    /// @dev Reverts before commits are closed and every one is revealed or the reveal window over.
    function _checkRevealsOver(WorkloadWord w) internal view {
        if (_isOpen(w)) revert TooEarly(block.timestamp, w.deadline() + 1);
        uint256 revealEnd = w.deadline() + w.frozen().revealDelay() + w.frozen().revealWindow();
        if (w.valid() + w.invalid() < w.commits() && block.timestamp <= revealEnd)
            revert TooEarly(block.timestamp, revealEnd + 1);
    }

    /// @dev Writes the last word of a workload. The caller books the burn with the account it credits.
    function _finish(bytes32 workload, WorkloadWord w, Outcome outcome, bool dutyEnded, Ledger memory ledger) internal {
        _workloads[workload] = w.finish(outcome, dutyEnded, ledger.receipt);
        emit Finished(workload, outcome, ledger.paid, ledger.refunded, ledger.burned);
    }

    /// @dev Credits a seat's operator.
    function _pay(bytes32 workload, uint256 seat, uint160 operator, uint256 rank, uint256 amount) internal {
        _credit(address(operator), amount);
        emit SlotSettled(workload, seat, rank, amount);
    }

    /// @dev Frees the word of a seat that delivered no valid proof. A seat that never answered keeps its word, so that it can
    /// still answer or be slashed, unless nobody has to answer any more.
    function _release(bytes32 workload, uint256 key, SlotWord s, Outcome outcome, bool dutyEnded) internal {
        SlotState state = s.state();
        if (state == SlotState.Assigned && !dutyEnded) return;
        // What was revealed to a committee and is not among the winners was found invalid.
        bool missed = state == SlotState.Committed || state == SlotState.Invalid || state == SlotState.Revealed;
        if (state == SlotState.Accepted) missed = !dutyEnded;
        // Only a valid proof shows that the work could be done; without one, a fail is nobody's miss (docs/adr/0006-fails-and-closing.md).
        if (state == SlotState.Failed) missed = outcome == Outcome.Proven;
        _free(workload, key, s, missed, false);
    }
}
