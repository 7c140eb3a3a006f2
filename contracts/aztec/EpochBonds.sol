// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ForeignCall} from "../libraries/ForeignCall.sol";
import {DelayedEscrow} from "./DelayedEscrow.sol";
import {IEpochBonds} from "./IEpochBonds.sol";
import {IRollupView} from "./IRollupView.sol";

/// @title Bonded commitments that an epoch will be proven, beside the rollup
/// @notice MONEY. A bond locks deposit, tip and bounty of its proposer. Of a proven epoch the deposit returns, the tip goes to the prover that was
/// named if it has proven it, the bounty to whoever settles; of an unproven one the deposit burns and the rest returns. Nobody gains by an
/// epoch that is not proven, so nobody is paid to prevent it.
/// TIME. The deadline is the rollup's own, frozen at the opening; the rollup keeps what is proven and takes nothing afterwards, so nobody gains
/// by settling early or late.
/// CHAIN. A bond names the archive root of its epoch's last checkpoint: on another chain of the rollup, or after a reorg of L1, it opens or counts for nothing.
/// ROLES. None. The view is fixed; a rollup that moves gets other bonds.
/// EXTERNAL CALLS. The view, with bounded gas and two words of answer when money moves, and only if that gas is there, so that nobody can make a
/// rollup look unreadable.
contract EpochBonds is IEpochBonds, DelayedEscrow, EIP712 {
    /// @notice EIP-712 type of {IRollupView.Span}.
    bytes32 public constant SPAN_TYPEHASH = keccak256("Span(uint256 epoch,uint256 first,uint256 last,bytes32 archive)");
    /// @notice EIP-712 type of a bond.
    bytes32 public constant BOND_TYPEHASH = keccak256(
        "Bond(address proposer,address prover,address proverId,uint256 slot,Span span,uint128 deposit,uint128 tip,uint128 bounty)"
        "Span(uint256 epoch,uint256 first,uint256 last,bytes32 archive)"
    );
    /// @notice Gas for the question whether an epoch is proven: three words of the rollup, with room for another release's ways.
    uint256 public constant VIEW_GAS = 300_000;
    /// @notice How long after a deadline a rollup must have been silent before bonds go back: a rollup that is broken must not keep them.
    uint256 public constant UNREADABLE_GRACE = 30 days;
    /// @dev Gas after that question: two balances, the event.
    uint256 private constant SETTLE_RESERVE = 100_000;

    /// @notice The rollup, as bonds see it.
    IRollupView public immutable rollup;
    /// @notice Least deposit of a bond.
    uint256 public immutable leastDeposit;

    /// @notice Where each bond stands.
    mapping(bytes32 id => Record bond) public bonds;

    /// @param rollup_ The rollup, as bonds see it.
    /// @param asset_ Token of deposits, tips and bounties, of fewer than 2^128 units.
    /// @param withdrawalDelay_ Seconds between asking for a withdrawal and making it; three epochs let a prover rely on a signed bond.
    /// @param leastDeposit_ Least deposit, above zero.
    constructor(
        IRollupView rollup_,
        IERC20 asset_,
        uint256 withdrawalDelay_,
        uint256 leastDeposit_
    ) DelayedEscrow(asset_, withdrawalDelay_) EIP712("Gevulot EpochBonds", "1") {
        if (leastDeposit_ == 0) revert DepositTooLow(0, 1);
        rollup = rollup_;
        leastDeposit = leastDeposit_;
    }

    /// @inheritdoc IEpochBonds
    function open(Bond calldata bond, bytes calldata signature) external returns (bytes32 id) {
        id = idOf(bond);
        if (bond.prover == address(0) || bond.proverId == address(0)) revert NoProver();
        if (bond.deposit < leastDeposit) revert DepositTooLow(bond.deposit, leastDeposit);
        if (msg.sender != bond.proposer && !SignatureChecker.isValidSignatureNow(bond.proposer, id, signature)) {
            revert NotSigned(bond.proposer);
        }
        _checkSlot(bond);
        // After the one question that is no view: whatever another release's answer calls, a bond locks once.
        if (bonds[id].state != State.None) revert AlreadyBonded(id);
        uint256 deadline = _checkSpan(bond.span, bond.proverId);
        bonds[id] = Record(State.Open, uint64(deadline));
        _lock(bond.proposer, uint256(bond.deposit) + bond.tip + bond.bounty);
        emit Bonded(id, bond.proposer, bond.span.epoch, bond, deadline);
    }

    /// @inheritdoc IEpochBonds
    function settle(Bond calldata bond, address settler) external returns (State state) {
        bytes32 id = idOf(bond);
        Record storage stored = bonds[id];
        if (stored.state != State.Open) revert NotOpen(stored.state);
        state = _endOf(bond, stored.deadline);
        stored.state = state;

        bool isProven = state == State.Kept || state == State.Covered;
        if (state == State.Broken) _burn(bond.deposit);
        else _release(bond.proposer, bond.deposit);
        _release(state == State.Kept ? bond.prover : bond.proposer, bond.tip);
        _release(isProven ? settler : bond.proposer, bond.bounty);
        emit Settled(id, state, settler);
    }

    /// @inheritdoc IEpochBonds
    function idOf(Bond calldata bond) public view returns (bytes32 id) {
        IRollupView.Span calldata span = bond.span;
        bytes32 spanHash = keccak256(abi.encode(SPAN_TYPEHASH, span.epoch, span.first, span.last, span.archive));
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        BOND_TYPEHASH,
                        bond.proposer,
                        bond.prover,
                        bond.proverId,
                        bond.slot,
                        spanHash,
                        bond.deposit,
                        bond.tip,
                        bond.bounty
                    )
                )
            );
    }

    /// @dev A zero proposer means that anyone may propose: then anyone may bond.
    function _checkSlot(Bond calldata bond) private {
        uint256 epoch = rollup.epochOf(bond.slot);
        if (epoch != bond.span.epoch && epoch != bond.span.epoch + 1)
            revert SlotOutOfEpoch(bond.slot, epoch, bond.span.epoch);
        address proposer = rollup.proposerOf(bond.slot);
        if (proposer != address(0) && proposer != bond.proposer) revert NotProposer(bond.proposer, proposer);
    }

    /// @dev Whether a bond on these checkpoints says anything. Returns when it can be broken.
    function _checkSpan(IRollupView.Span calldata span, address proverId) private view returns (uint256 deadline) {
        if (!rollup.isWhole(span)) revert NotWhole(span.epoch, span.first, span.last);
        deadline = rollup.deadlineOf(span.epoch);
        if (block.timestamp >= deadline) revert PastDeadline(block.timestamp, deadline);
        (bool proven, ) = rollup.standingOf(span, proverId);
        if (proven) revert AlreadyProven(span.epoch);
    }

    /// @dev How an open bond ends now; reverts if it does not.
    function _endOf(Bond calldata bond, uint256 deadline) private view returns (State state) {
        // EIP-150: the call gets at most 63 of 64 parts of what is left.
        uint256 want = (VIEW_GAS * 64) / 63 + SETTLE_RESERVE;
        if (gasleft() < want) revert TooLittleGas(gasleft(), want);
        bytes memory question = abi.encodeCall(IRollupView.standingOf, (bond.span, bond.proverId));
        (bool ok, uint256 proven, uint256 byProver) = ForeignCall.askPair(address(rollup), VIEW_GAS, question);
        // What is neither yes nor no is as unreadable as no answer.
        if (!ok || proven > 1 || byProver > 1) {
            uint256 returnsAt = deadline + UNREADABLE_GRACE;
            if (block.timestamp < returnsAt) revert Unreadable(block.timestamp, returnsAt);
            return State.Returned;
        }
        if (byProver == 1) return State.Kept;
        if (block.timestamp < deadline) revert TooEarly(block.timestamp, deadline);
        return proven == 1 ? State.Covered : State.Broken;
    }
}
