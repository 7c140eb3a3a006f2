// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Workloads that a committee judges: types, errors and events of the market
interface IJudged {
    /// @notice What a committee is to judge: frozen once the reveals are over.
    /// @param workload Workload id.
    /// @param commits All commits; their orders are 0 … commits − 1.
    /// @param reveals Those that were revealed.
    /// @param proofs Chained hash of the reveals, see {IMarketExtension-judgingOf}.
    /// @param share The committee's share of the fee in token units.
    /// @param verdictWindow Seconds, as in {Rules}.
    /// @param beacon Randomness beacon of the workload's rules.
    struct Judging {
        bytes32 workload;
        uint256 commits;
        uint256 reveals;
        bytes32 proofs;
        uint256 share;
        uint256 verdictWindow;
        address beacon;
    }

    /// @notice The program has no verifier contract: commit, then use {IMarketCore-revealToCommittee}.
    error NoVerifierContract(bytes32 program);
    /// @notice The program has a verifier contract, which decides: use {IMarketCore-reveal}.
    error NotJudged(bytes32 workload);
    /// @notice The rules in force have no committees, so a program without a verifier contract takes no workloads.
    error CommitteesOff(uint256 rules);
    /// @notice A proof in the event has at most 1,024 bytes and its location at most 256: store longer proofs by their digest.
    error ContentTooLong(uint256 length, uint256 limit);
    /// @notice Nothing was revealed that a committee could judge.
    error NothingToJudge(bytes32 workload);

    /// @notice A proof was revealed to the committee to come. `proof` holds its bytes, or nothing when they must be fetched by digest; `uri` is a
    /// hint where from.
    event RevealedToCommittee(
        bytes32 indexed workload,
        uint256 indexed seat,
        address indexed operator,
        uint256 order,
        bytes32 proofDigest,
        bytes proof,
        string uri
    );
    /// @notice The committee's verdict entered the books: valid proofs by commit order (bit k: order k), and how many members were paid how much.
    event Judged(bytes32 indexed workload, uint256 valid, uint256 members, uint256 each);
}
