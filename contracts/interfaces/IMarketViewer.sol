// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "./IMarket.sol";
import {IProverRegistryTypes} from "./IProverRegistry.sol";

/// @title Types of the viewer
interface IMarketViewerTypes is IMarketTypes, IProverRegistryTypes {
    /// @notice A candidate of a draw, in the order of the draw.
    /// @param seat Seat.
    /// @param operator Its operator.
    /// @param priceFloor Its price floor, in gwei of the token per second and slot.
    /// @param status Its status now.
    /// @param draw What the draw does, or did, with it.
    /// @param slot The slot it gets, or got; 15 for none.
    struct Candidate {
        uint256 seat;
        address operator;
        uint256 priceFloor;
        SeatStatus status;
        Draw draw;
        uint256 slot;
    }

    /// @notice A draw, recomputed.
    /// @param randomness The beacon's value of the round.
    /// @param seed keccak256(abi.encode(randomness, workload)).
    /// @param setSize Seats of the class in the frozen set.
    /// @param offer What the workload offers a seat, in gwei of the token per second and slot.
    /// @param candidates Who was looked at, in order.
    /// @param unfilled Slots left open from the start.
    /// @param agrees Whether every slot word that is still there says the slot recomputed here. Always true before the draw.
    struct DrawView {
        bytes32 randomness;
        bytes32 seed;
        uint256 setSize;
        uint256 offer;
        Candidate[] candidates;
        uint256 unfilled;
        bool agrees;
    }

    /// @notice One who gets something of a workload's pot.
    /// @param seat Seat.
    /// @param operator Its operator.
    /// @param rank From 1; 0: a valid proof without a rank, or a seat that waited through a release.
    /// @param amount Token units.
    struct Payee {
        uint256 seat;
        address operator;
        uint256 rank;
        uint256 amount;
    }

    /// @notice How a workload ends, recomputed.
    /// @param outcome See {Outcome}.
    /// @param payees Valid proofs in the order of ranks, then seats compensated after a release.
    /// @param members What the committee's members get together.
    /// @param paid As in the event Finished: what payees and members get together.
    /// @param refunded As in the event Finished.
    /// @param burned As in the event Finished.
    /// @param entries Receipt of a proven workload, for network rewards (see libraries/Receipt.sol).
    struct End {
        Outcome outcome;
        Payee[] payees;
        uint256 members;
        uint256 paid;
        uint256 refunded;
        uint256 burned;
        uint256[] entries;
    }
}

/// @title The viewer: draws and payments of workloads, recomputed from the chain's state
/// @notice For auditors and explorers, by eth_call. It repeats the rules of design §4 and §6 with code of its own and trusts what is stored
/// alone. Give the call the block you ask about: the state of that block is what it computes with. Every loop is bounded by the redundancy
/// or by the list that is passed.
interface IMarketViewer is IMarketViewerTypes {
    /// @notice The workload is not in a phase that can be viewed like this.
    error NotInPhase(bytes32 workload, Phase have);
    /// @notice The beacon's value of the round is not known.
    error RoundNotKnown(uint256 round);
    /// @notice Commits or reveals are still possible before `from`, so nothing is decided.
    error TooEarly(uint256 have, uint256 from);
    /// @notice The list misses seats that must be settled, or names others where it must not.
    error ListIncomplete(uint256 have, uint256 want);
    /// @notice The workload cannot be cancelled now: a commit stands, commits are closed, its round is fixed, or no cancel was asked for.
    error NotCancellable(bytes32 workload);
    /// @notice What was given is not the receipt that the market keeps of this workload.
    error ReceiptUnknown(bytes32 workload);

    /// @notice What `assign` would do with a workload that waits for its draw. At the block before an `Assigned` event: what it must say, unless an
    /// earlier transaction of the same block gave a candidate work, or took it.
    /// @param spec The workload's spec.
    /// @return The draw.
    function previewDraw(Spec calldata spec) external view returns (DrawView memory);

    /// @notice What a draw did, told by the slot words it wrote. Exact at the block of the draw; later a seat that was freed and took other work reads as
    /// `Busy`, and one that was dropped since and not drawn as `Inactive`. At most three epochs back, or on a node with old state.
    /// @param spec The workload's spec.
    /// @param round The beacon round fixed at submission ({IMarketExtension-workloadOf} while Pending).
    /// @param epoch The epoch fixed at submission.
    /// @return The draw.
    function reviewDraw(Spec calldata spec, uint256 round, uint256 epoch) external view returns (DrawView memory);

    /// @notice What `settle` would pay now. At the block before a `Finished` event of `settle`: what it must say.
    /// @param spec The workload's spec.
    /// @param seats Seats of the workload, as for `settle`.
    /// @return The end.
    function previewEnd(Spec calldata spec, uint256[] calldata seats) external view returns (End memory);

    /// @notice What `cancel` would pay now. At the block before a `Finished` event of `cancel`: what it must say, but for the seconds between the two blocks.
    /// @param spec The workload's spec.
    /// @param seats All seats that accepted in time, as for `cancel`; none while the workload waits for its draw.
    /// @return The end. Payees are the seats, without ranks.
    function previewCancel(Spec calldata spec, uint256[] calldata seats) external view returns (End memory);

    /// @notice Who was paid what by a proven workload: checks the receipt against what the market keeps of its hash, and recomputes the ranks' pay.
    /// @param spec The workload's spec.
    /// @param burned What burned, as in the event Finished.
    /// @param entries Who was paid, as in libraries/Receipt.sol.
    /// @return The end. What was paid beyond the ranks, to committee members and seats that waited through a release, is in `members`.
    function reviewEnd(
        Spec calldata spec,
        uint256 burned,
        uint256[] calldata entries
    ) external view returns (End memory);
}
