// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "./IMarket.sol";

/// @title Types of the committee
interface ICommitteeTypes {
    /// @notice Where the judging of a workload is. None: not begun. Drawing: a beacon round is fixed, the committee not drawn yet. Voting: members
    /// may answer. Failed: the attempt ended without a verdict on every proof; open the next one. Appealable: there is a verdict, and time
    /// to appeal. Final: the verdict stands. GivenUp: no committee came together in any attempt.
    enum Stage {
        None,
        Drawing,
        Voting,
        Failed,
        Appealable,
        Final,
        GivenUp
    }

    /// @notice One revealed proof, as its event says. In the order of the reveals.
    /// @param order Commit order.
    /// @param operator Operator that revealed it.
    /// @param proofDigest sha-256 of the proof.
    struct Reveal {
        uint256 order;
        address operator;
        bytes32 proofDigest;
    }

    /// @notice A member's signed verdict.
    /// @param member Number of the member in the committee.
    /// @param valid Valid proofs by commit order: bit k for order k.
    /// @param r First word of the signature.
    /// @param vs Second word of the signature, with the parity in its highest bit (EIP-2098).
    struct Ballot {
        uint256 member;
        uint256 valid;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice The judging of a workload.
    /// @param stage See {Stage}.
    /// @param attempt Number of the attempt, from 1; the appeal is number 4.
    /// @param attempts Attempts opened so far without the appeal.
    /// @param appealed Whether there was an appeal.
    /// @param round Beacon round of the attempt; zero while the beacon names none.
    /// @param epoch Epoch whose validators are drawn from.
    /// @param until Last second for answers; zero before the committee is drawn.
    /// @param revealed Revealed proofs by commit order.
    /// @param decided Proofs that this or, before an appeal, an earlier attempt has decided.
    /// @param valid Valid proofs as it stands; of the last verdict once Appealable.
    /// @param proofs Chained hash of the reveals, part of what members sign.
    /// @param appellant Who appealed.
    /// @param bond The appeal's bond in token units.
    struct Judgment {
        Stage stage;
        uint256 attempt;
        uint256 attempts;
        bool appealed;
        uint256 round;
        uint256 epoch;
        uint256 until;
        uint256 revealed;
        uint256 decided;
        uint256 valid;
        bytes32 proofs;
        address appellant;
        uint256 bond;
    }

    /// @notice What settling needs.
    /// @param judged False when no committee came together.
    /// @param valid Valid proofs by commit order.
    /// @param parts Number of equal parts the committee's share is cut into.
    /// @param payees Who gets a part; an operator appears once for each of its members that answered.
    struct Conclusion {
        bool judged;
        uint256 valid;
        uint256 parts;
        address[] payees;
    }
}

/// @title Errors of the committee
interface ICommitteeErrors is ICommitteeTypes {
    /// @notice The judging is not in a stage that allows this act.
    error WrongStage(bytes32 workload, Stage have);
    /// @notice The value of the attempt's beacon round is not known yet; of round zero: the beacon has named none, open the attempt again.
    error RoundNotKnown(uint256 round);
    /// @notice The beacon still names no round for the attempt.
    error NoRoundYet(address beacon);
    /// @notice The call has too little gas left to ask the beacon.
    error NotEnoughGas(uint256 have, uint256 want);
    /// @notice The reveals are not those of the workload, or not in order.
    error RevealsMismatch(bytes32 have, bytes32 want);
    /// @notice The seat does not hold an unrevealed commit of the workload, or was listed twice.
    error NotUnrevealed(uint256 seat);
    /// @notice The lists miss a commit.
    error CommitsIncomplete(uint256 have, uint256 want);
    /// @notice Too few validators that have no part in the workload.
    error CommitteeTooSmall(uint256 have, uint256 want);
    /// @notice The committee has no such member.
    error UnknownMember(uint256 member);
    /// @notice A verdict finds valid what was never revealed.
    error NotRevealed(uint256 valid, uint256 revealed);
    /// @notice The signature is not that of the member's operator.
    error WrongSigner(address have, address want);
    /// @notice The two verdicts are the same, or the member was slashed for this attempt already.
    error NotEquivocal(uint256 member);
    /// @notice Only the market may call this.
    error OnlyMarket(address have, address want);
    /// @notice Nothing is owed to the caller.
    error NothingOwed();
    /// @notice The registry names another committee.
    error NotOurRegistry(address have, address want);
}

/// @title Events of the committee
interface ICommitteeEvents is ICommitteeTypes {
    /// @notice An attempt was opened (number 4: the appeal): its beacon round is fixed. With round zero it waits for a beacon that names none; it is
    /// opened again once it does.
    event JudgingOpened(bytes32 indexed workload, uint256 indexed attempt, uint256 round, uint256 epoch);
    /// @notice A committee was drawn. Members by number; they may answer up to and including the second `until`.
    event CommitteeDrawn(
        bytes32 indexed workload,
        uint256 indexed attempt,
        uint256[] seats,
        bytes32 proofs,
        uint256 revealed,
        uint256 until
    );
    /// @notice A member answered.
    event Voted(bytes32 indexed workload, uint256 indexed attempt, uint256 indexed seat, uint256 valid);
    /// @notice Every revealed proof is decided.
    event VerdictReached(bytes32 indexed workload, uint256 indexed attempt, uint256 valid);
    /// @notice The verdict was appealed.
    event Appealed(bytes32 indexed workload, address indexed appellant, uint256 bond);
    /// @notice The appeal is over: whether it changed the verdict, and what of the bond went back, to the members and out of the supply.
    event AppealClosed(bytes32 indexed workload, bool changed, uint256 returned, uint256 paid, uint256 burned);
    /// @notice A member did not answer in its window. `streak` in a row drop its seat.
    event VerdictMissed(bytes32 indexed workload, uint256 indexed attempt, uint256 indexed seat, uint256 streak);
    /// @notice A member signed two different verdicts for one attempt; its seat is slashed in the registry.
    event Equivocated(bytes32 indexed workload, uint256 indexed attempt, uint256 indexed seat, address reporter);
    /// @notice An account took what appeals left to it.
    event OwedWithdrawn(address indexed account, address to, uint256 amount);
}

/// @title Committees of validators, which judge the proofs of programs without a verifier contract
/// @notice After the reveals anyone opens the judging: it fixes a beacon round, and that round draws seven seats of the validators' class.
/// Each proof is decided by five equal opinions. Without a verdict on every proof in the window a new committee is drawn, at most
/// three times. A verdict can be appealed once, with a bond, to fifteen members of which ten must agree (design §6).
interface ICommittee is ICommitteeErrors, ICommitteeEvents {
    /// @notice Opens the judging of a workload whose reveals are over, or the next attempt after one that failed. Where the beacon names no round the
    /// attempt is opened without one: until it fails for that, anyone can open it again. So no beacon can keep a workload from its end.
    /// @param spec The workload's spec.
    function open(IMarketTypes.Spec calldata spec) external;

    /// @notice Draws the committee once the attempt's round is known, without the operators that committed in the workload.
    /// @param spec The workload's spec.
    /// @param reveals Everything revealed, in the order of the reveals.
    /// @param unrevealed Seats of all commits that were not revealed.
    function draw(IMarketTypes.Spec calldata spec, Reveal[] calldata reveals, uint256[] calldata unrevealed) external;

    /// @notice Counts signed verdicts; anyone may post them, one at a time or all at once. A member's first verdict counts; more are passed over.
    /// @param workload Workload id.
    /// @param ballots See {Ballot}.
    function post(bytes32 workload, Ballot[] calldata ballots) external;

    /// @notice Appeals the verdict. The bond comes from the caller's tokens; it is lost unless the appeal changes the verdict or cannot be heard.
    /// @param spec The workload's spec.
    function appeal(IMarketTypes.Spec calldata spec) external;

    /// @notice Slashes a member that signed two different verdicts on the same proofs in the same attempt. The caller gets the bounty.
    /// @param workload Workload id.
    /// @param attempt Number of the attempt.
    /// @param first One verdict.
    /// @param second The other verdict, of the same member.
    function slash(bytes32 workload, uint256 attempt, Ballot calldata first, Ballot calldata second) external;

    /// @notice Pays out what appeals left to the caller.
    /// @param to Receiver.
    function withdraw(address to) external;

    /// @notice Ends the judging when the workload is settled; only the market calls it. Reverts while the verdict is not final.
    /// @param workload Workload id.
    /// @return See {Conclusion}.
    function conclude(bytes32 workload) external returns (Conclusion memory);

    /// @notice The judging of a workload as it is now.
    /// @param workload Workload id.
    /// @return See {Judgment}.
    function judgmentOf(bytes32 workload) external view returns (Judgment memory);

    /// @notice What {conclude} would return now. Reverts while the verdict is not final.
    /// @param workload Workload id.
    /// @return See {Conclusion}.
    function conclusionOf(bytes32 workload) external view returns (Conclusion memory);

    /// @notice The committee of an attempt.
    /// @param workload Workload id.
    /// @param attempt Number of the attempt; 4 for the appeal.
    /// @return seats Seat of each member.
    /// @return answered Members that have answered, bit k for member k.
    /// @return votes What each of them found valid.
    function membersOf(
        bytes32 workload,
        uint256 attempt
    ) external view returns (uint256[] memory seats, uint256 answered, uint256[] memory votes);

    /// @notice The EIP-712 digest that a member signs.
    /// @param workload Workload id.
    /// @param attempt Number of the attempt; 4 for the appeal.
    /// @param proofs Chained hash of the reveals.
    /// @param valid Valid proofs by commit order.
    /// @return The digest.
    function digestOf(bytes32 workload, uint256 attempt, bytes32 proofs, uint256 valid) external view returns (bytes32);

    /// @notice Tokens that appeals left to an account.
    /// @param account Account.
    /// @return Amount in token units.
    function owed(address account) external view returns (uint256);

    /// @notice The class whose seats are drawn.
    /// @return Number of the class.
    function validatorClass() external view returns (uint8);
}
