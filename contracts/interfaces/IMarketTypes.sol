// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJudged} from "./IJudged.sol";

/// @title Types of the market
interface IMarketTypes is IJudged {
    /// @notice A program: an immutable pair of prover and verifier (design §2). Without a verifier contract a committee decides (ICommittee).
    /// @param prover sha-256 of the prover package's manifest; `verifierProgram`: of the verifier's, needed without a verifier contract.
    /// @param verifier Verifier contract (see IProofVerifier); its code hash is pinned when the program is deployed. Zero: none.
    /// @param verifierGas Gas one verification may use; the call is refused when less is left for it. Zero without a verifier contract.
    /// @param class Hardware class of the provers that can run it.
    /// @param bindsProver Whether the proof binds the prover's address, so that it can be submitted in the open at once. Only with a contract.
    struct Program {
        bytes32 prover;
        bytes32 verifierProgram;
        address verifier;
        uint32 verifierGas;
        uint8 class;
        bool bindsProver;
    }

    /// @notice What a program says of its verifier, passed again by whoever has a proof verified, as specs are: together with the hash of the
    /// verifier's code it makes up the program's id, so that a verification reads nothing of it from storage.
    /// @param packages keccak256(abi.encode(prover, verifierProgram)).
    /// @param verifier Packed, see libraries/Verifier.sol.
    struct Pin {
        bytes32 packages;
        uint256 verifier;
    }

    /// @notice What a requester asks for.
    /// @param program Program id.
    /// @param inputs sha-256 of the inputs manifest.
    /// @param publicInputs keccak-256 of the public inputs that the verifier contract is given.
    /// @param deliveryKey X25519 public key that proofs are sealed to before they are revealed; zero for none.
    /// @param fee Whole fee in token units, at most 2^80 − 1.
    /// @param maxRunTime Seconds from the draw until commits close; at least the response window of the rules in force.
    /// @param redundancy Number of ranked proofs paid for, 1 to 8.
    /// @param rescue Per cent of the run time after which every uncommitted slot is open to all, 50 to 100.
    /// @param nonce The requester's next nonce: the id is known before sending, a repeated submit harmless. 2^256 − 1: whichever is next.
    /// @param inputsUri Where the inputs can be fetched, a hint; the digest alone is trusted.
    struct Request {
        bytes32 program;
        bytes32 inputs;
        bytes32 publicInputs;
        bytes32 deliveryKey;
        uint256 fee;
        uint256 maxRunTime;
        uint256 redundancy;
        uint256 rescue;
        uint256 nonce;
        string inputsUri;
    }

    /// @notice The full spec of a workload. Its hash is the workload's id, so passing it again authenticates it and none of it is stored.
    /// @param program Program id.
    /// @param inputs sha-256 of the inputs manifest.
    /// @param publicInputs keccak-256 of the public inputs.
    /// @param deliveryKey X25519 public key of the requester.
    /// @param terms Packed terms, see libraries/Terms.sol.
    /// @param requester Account that submitted and pays.
    struct Spec {
        bytes32 program;
        bytes32 inputs;
        bytes32 publicInputs;
        bytes32 deliveryKey;
        uint256 terms;
        address requester;
    }

    /// @notice Lists that a network starts with; each opens once, for ever. Operators have theirs in the registry.
    enum AccessList {
        Requesters,
        Deployers
    }

    /// @notice Stored phase of a workload; what lies between (open slots, revealing, late) is derived from time and counters.
    enum Phase {
        None,
        Pending,
        Proving,
        Final
    }

    /// @notice How a workload ended (design §3). `Proven` is the only success; the others are the reasons of failure.
    enum Outcome {
        None,
        Proven,
        Unserved,
        TimedOut,
        ProgramFailed,
        InputsUnavailable,
        InvalidProof,
        NotRevealed,
        Cancelled,
        Unjudged
    }

    /// @notice Why a prover could not do its work.
    enum FailReason {
        None,
        ProgramFailed,
        InputsUnavailable,
        OutOfTime
    }

    /// @notice State of the slot word that belongs to a seat. Revealed: opened, and a committee has to judge it.
    enum SlotState {
        Free,
        Assigned,
        Accepted,
        Committed,
        Valid,
        Invalid,
        Failed,
        Revealed
    }

    /// @notice What a draw did with a candidate. SameOperator: its operator holds a slot here, and it was not needed. Spare: not needed.
    enum Draw {
        Drawn,
        Busy,
        BelowFloor,
        Inactive,
        SameOperator,
        Spare
    }

    /// @notice Windows and money rules, frozen into a workload by their number when it is submitted.
    /// @param responseWindow Seconds after the draw in which an assigned seat must answer to keep its slot for itself (cut to a tenth of the run time).
    /// @param silenceWindow Seconds after the draw after which a seat that never answered can be slashed.
    /// @param revealDelay Seconds between the close of commits and the first reveal.
    /// @param revealWindow Seconds in which commits can be revealed.
    /// @param cancelDelay Seconds between the two steps of a cancel after the draw.
    /// @param baseBurnBps Part of the fee that always burns, in basis points.
    /// @param assignBounty Paid from the fee to whoever calls assign, in gwei of the token; a multiple of 1,000 below 4,194,304,000.
    /// @param settleBounty Paid from the fee to whoever ends the workload; as above.
    /// @param committeeBps Part of the fee for the committee, where one judges, in basis points.
    /// @param verdictWindow Seconds a committee has from its draw for its verdict, and an appeal after that. Zero: no committees.
    /// @param beacon Randomness beacon.
    struct Rules {
        uint32 responseWindow;
        uint32 silenceWindow;
        uint32 revealDelay;
        uint32 revealWindow;
        uint32 cancelDelay;
        uint16 baseBurnBps;
        uint32 assignBounty;
        uint32 settleBounty;
        uint16 committeeBps;
        uint32 verdictWindow;
        address beacon;
    }

    /// @notice What submissions to a class must meet.
    /// @param minimumFee Lowest fee of a slot in gwei of the token; covers the bounties.
    /// @param minimumRate Lowest fee in gwei of the token per second of maximum run time and slot: flooding a class costs real money.
    /// @param rules Number of the rules in force for new workloads. Zero: the class takes no submissions.
    struct ClassTerms {
        uint32 minimumFee;
        uint32 minimumRate;
        uint16 rules;
    }

    /// @notice A workload's stored state, unpacked.
    /// @param phase Stored phase.
    /// @param outcome How it ended; None before.
    /// @param fee Whole fee, while Pending; from the draw on zero, the spec's terms name it. The draw pays the assign bounty out of it.
    /// @param round Beacon round, while Pending.
    /// @param epoch Epoch whose active set is drawn from, while Pending.
    /// @param startedAt Time of the draw; zero without one.
    /// @param deadline Last second for commits: start + maximum run time, or earlier when commits closed early.
    /// @param closedEarly Whether commits closed before the maximum run time.
    /// @param redundancy Slots.
    /// @param vacated Slots never drawn, declined, or failed.
    /// @param accepted Slots accepted in the response window or committed by their own seat, and not failed.
    /// @param committedOwn Slots committed by their own seat.
    /// @param commits All commits.
    /// @param valid Valid reveals.
    /// @param invalid Invalid reveals.
    /// @param judged Whether a committee judges the proofs, while Proving; `revealed` counts what it has to judge.
    /// @param failReason The reason all failed slots share, or OutOfTime when they differ.
    /// @param cancelRequestedAt Time of the first step of a cancel, or zero.
    /// @param dutyEnded Whether nobody has to answer any more (cancelled or released).
    struct WorkloadState {
        Phase phase;
        Outcome outcome;
        uint256 fee;
        uint256 round;
        uint256 epoch;
        uint256 startedAt;
        uint256 deadline;
        bool closedEarly;
        uint256 redundancy;
        uint256 vacated;
        uint256 accepted;
        uint256 committedOwn;
        uint256 commits;
        uint256 valid;
        uint256 invalid;
        bool judged;
        uint256 revealed;
        FailReason failReason;
        uint256 cancelRequestedAt;
        bool dutyEnded;
    }

    /// @notice The slot word of a seat for one workload, unpacked.
    /// @param state See {SlotState}.
    /// @param slot Slot number, or 15 for a commit to an open slot.
    /// @param order Commit order, from 0; meaningful from Committed on.
    /// @param payload The operator (Assigned, Accepted, Valid, Invalid, Failed, Revealed) or the commitment (Committed).
    /// @param held Whether the slot counts as accepted in time.
    /// @param reason Reason given with a fail.
    struct SlotView {
        SlotState state;
        uint256 slot;
        uint256 order;
        uint160 payload;
        bool held;
        FailReason reason;
    }
}
