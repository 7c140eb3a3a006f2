// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeaconUser} from "./IBeaconUser.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// @title Errors of the market
interface IMarketErrors is IMarketTypes {
    /// @notice The workload is not in the phase this act needs.
    error WrongPhase(bytes32 workload, Phase have, Phase want);
    /// @notice The program is not deployed.
    error UnknownProgram(bytes32 program);
    /// @notice The class takes no submissions.
    error ClassClosed(uint8 class);
    /// @notice Submissions to the class are paused; live workloads and withdrawals are not.
    error SubmissionsPaused(uint8 class, uint256 have, uint256 until);
    /// @notice Submissions to the class are not paused.
    error NotPaused(uint8 class);
    /// @notice The class's beacon names no round at present, or has no schedule that this market may count by.
    error ClockInDoubt(uint8 class);
    /// @notice The class was paused a short while ago: the next pause is possible from `from` on.
    error PausedTooRecently(uint8 class, uint256 have, uint256 from);
    /// @notice The caller is not the guardian.
    error NotGuardian(address have, address want);
    /// @notice The caller was not offered to become the guardian.
    error NotPendingGuardian(address have, address want);
    /// @notice The account is not on the list (the network is permissioned at this stage).
    error NotAdmitted(AccessList list, address account);
    /// @notice The list is open to all, for ever: it means nothing any more.
    error ListIsOpen(AccessList list);
    /// @notice The list still decides.
    error ListIsClosed(AccessList list);
    /// @notice A term of the request is outside its bounds; `term` is its name.
    error InvalidTerms(bytes32 term, uint256 have, uint256 least, uint256 most);
    /// @notice The fee is below what the class asks for the run time and redundancy.
    error FeeTooLow(uint256 fee, uint256 minimum);
    /// @notice The nonce is not the account's next one: the request was submitted before, or another came first.
    error WrongNonce(uint256 have, uint256 want);
    /// @notice The account's balance in the market is too low.
    error InsufficientBalance(uint256 have, uint256 want);
    /// @notice The beacon round is fixed: wait for the draw, then cancel in two steps.
    error RoundFixed(uint256 round);
    /// @notice The beacon's value is not known yet.
    error RoundNotKnown(uint256 round);
    /// @notice The time for the draw is over: settle the workload, its fee is refunded.
    error AssignWindowOver(uint256 have, uint256 last);
    /// @notice The seat does not hold a slot of this workload.
    error SeatNotInWorkload(bytes32 workload, uint256 seat);
    /// @notice The caller is not the operator of the seat.
    error NotOperator(uint256 seat, address have, address want);
    /// @notice The caller is not the requester of the workload.
    error NotRequester(bytes32 workload, address have, address want);
    /// @notice The seat's slot is in a state that does not allow this act.
    error WrongSlotState(uint256 seat, SlotState have);
    /// @notice Commits are closed.
    error CommitsClosedAlready(uint256 have, uint256 closedAt);
    /// @notice No slot is open to others at this time.
    error NoOpenSlot();
    /// @notice The operator has committed to an open slot of this workload already.
    error AlreadyCommitted(address operator);
    /// @notice The workload holds as many commits as it can.
    error TooManyCommits(uint256 have, uint256 most);
    /// @notice The seat is not an active seat of the workload's class, or is busy.
    error SeatNotEligible(uint256 seat);
    /// @notice There is a commit: a cancel is no longer possible, use release.
    error CommitsExist(uint256 commits);
    /// @notice There is no commit: nothing to release, use cancel.
    error NoCommits();
    /// @notice The second step of the cancel is possible from `from` on.
    error CancelDelayRunning(uint256 have, uint256 from);
    /// @notice Reveals are possible after `from` and until `until`.
    error OutsideRevealWindow(uint256 have, uint256 from, uint256 until);
    /// @notice What was revealed does not open the commitment.
    error CommitmentMismatch(uint160 have, uint160 want);
    /// @notice The public inputs are not those of the workload.
    error PublicInputsMismatch(bytes32 have, bytes32 want);
    /// @notice The pin, with the code its verifier has now, is not the workload's program.
    error PinMismatch(bytes32 have, bytes32 want);
    /// @notice The proof is not valid.
    error ProofNotValid();
    /// @notice A proof can be submitted at once only for redundancy 1 or when it binds the prover; otherwise commit and reveal.
    error CommitFirst();
    /// @notice A slot that stands alone and is its seat's own takes no commit, which would close the market unseen: submit the proof.
    error SubmitAtOnce();
    /// @notice The class's beacon, which has to be asked, names no round at present: it says why ({IBeacon-nextRound}), or is broken.
    error NoRoundYet(address beacon);
    /// @notice Too little gas is left to call the verifier or the beacon with its full allowance.
    error NotEnoughGas(uint256 have, uint256 want);
    /// @notice Too little gas is left for this item of a batch; the whole batch changed nothing.
    error BatchNeedsGas(uint256 item);
    /// @notice The verifier contract's code is not the pinned one.
    error VerifierChanged(address verifier, bytes32 have, bytes32 want);
    /// @notice The workload cannot be settled before `from`.
    error TooEarly(uint256 have, uint256 from);
    /// @notice The list of seats misses some that must be settled.
    error ClaimsIncomplete(uint256 have, uint256 want);
    /// @notice The seat answered, or does not have to any more.
    error NotSilent(uint256 seat);
    /// @notice The time for answers is over.
    error SilenceWindowOver(uint256 have, uint256 until);
    /// @notice A rule is outside its bounds; `rule` is its name.
    error InvalidRules(bytes32 rule, uint256 have, uint256 least, uint256 most);
    /// @notice The registry belongs to another market.
    error NotOurRegistry(address have, address want);
    /// @notice What a contract of the network sends to itself or to the market would be nobody's, with no way out.
    error InvalidRecipient(address to);
    /// @notice The token's supply does not fit the account words.
    error SupplyTooLarge(uint256 have, uint256 most);
    /// @notice The verifier address has no code of its own, its gas is out of bounds, or there is no verifier of either kind. `part` is the name of
    /// what is outside its bounds; of digests and flags `have` is 1 where they are set, of code its length.
    error InvalidProgram(bytes32 part, uint256 have, uint256 least, uint256 most);
}

/// @title Events of the market
interface IMarketEvents is IMarketTypes {
    /// @notice Tokens were paid in.
    event Deposited(address indexed account, address indexed from, uint256 amount);
    /// @notice An item of a batch failed and changed nothing. `reason` is the first 256 bytes of its error.
    event ItemFailed(uint256 index, bytes reason);
    /// @notice Tokens were paid out.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    /// @notice Burned parts of fees left the supply.
    event FeesBurned(uint256 amount);
    /// @notice A program was deployed; `uri` says where its packages can be fetched.
    event ProgramDeployed(
        bytes32 indexed program,
        address indexed deployer,
        Program spec,
        bytes32 codeHash,
        string uri
    );
    /// @notice New rules were written; they never change afterwards.
    event RulesAdded(uint256 indexed number, Rules rules);
    /// @notice What new submissions to a class must meet.
    event ClassTermsSet(uint8 indexed class, ClassTerms terms);
    /// @notice An account was put on, or taken off, a list.
    event Admitted(AccessList indexed list, address indexed account, bool admitted);
    /// @notice From now on a list is open to all, for ever.
    event ListOpened(AccessList indexed list);
    /// @notice An account was offered to become the guardian; it has to accept.
    event GuardianOffered(address indexed guardian);
    /// @notice The guardian changed.
    event GuardianSet(address indexed guardian);
    /// @notice From now on submissions to a class ask its beacon for their round, because it doubts the chain's clock; false: no longer.
    event ClockDoubted(uint8 indexed class, bool doubted);
    /// @notice Submissions to a class are paused until `until` at the latest; zero: no longer.
    event PauseSet(uint8 indexed class, uint256 until);
    /// @notice A workload was submitted. With program and requester the arguments are the spec.
    event Submitted(
        bytes32 indexed workload,
        address indexed requester,
        bytes32 indexed program,
        bytes32 inputs,
        bytes32 publicInputs,
        bytes32 deliveryKey,
        uint256 terms,
        string inputsUri
    );
    /// @notice Seats were drawn. One word a candidate, in the order of the draw: operator << 96 | slot << 32 | {Draw} << 24 | seat (slot 15 where
    /// none was given).
    event Assigned(bytes32 indexed workload, address indexed caller, uint256[] candidates);
    /// @notice A seat accepted its slot.
    event Accepted(bytes32 indexed workload, uint256 indexed seat);
    /// @notice A seat declined its slot; it is open to all.
    event Declined(bytes32 indexed workload, uint256 indexed seat);
    /// @notice A seat could not do the work; its slot is open to all while time is left.
    event Failed(bytes32 indexed workload, uint256 indexed seat, FailReason reason);
    /// @notice A seat committed to a proof. `slot` is its own, or 15 for an open one.
    event Committed(bytes32 indexed workload, uint256 indexed seat, uint256 slot, uint256 order, uint160 commitment);
    /// @notice Commits are closed before the maximum run time.
    event CommitsClosed(bytes32 indexed workload, bool released);
    /// @notice The requester asked for a cancel; it can be completed from `effectiveAt` on if nobody commits meanwhile.
    event CancelRequested(bytes32 indexed workload, uint256 effectiveAt);
    /// @notice A proof was revealed. Its bytes are in this transaction's input.
    event Revealed(bytes32 indexed workload, uint256 indexed seat, bytes32 proofDigest, bool valid);
    /// @notice A seat's slot was settled: its rank from 1 (0: none) and what it was paid.
    event SlotSettled(bytes32 indexed workload, uint256 indexed seat, uint256 rank, uint256 paid);
    /// @notice A seat missed: no valid proof in time from a seat that answered. `streak` in a row drop it.
    event Missed(bytes32 indexed workload, uint256 indexed seat, uint256 streak);
    /// @notice The workload is over.
    event Finished(bytes32 indexed workload, Outcome outcome, uint256 paid, uint256 refunded, uint256 burned);
    /// @notice A seat was silent through the silence window and is slashed in the registry.
    event Silent(bytes32 indexed workload, uint256 indexed seat, address indexed reporter);
}

/// @title The market, hot path: accounts, submit, assign, accept, commit, reveal, settle, slash
/// @notice Implemented by the contract at the market's address itself.
interface IMarketCore is IMarketErrors, IMarketEvents {
    /// @notice Makes several calls for the caller; one that fails blocks no other. Reverts only if one runs out of gas.
    /// @param calls The calls, each as it would be sent alone.
    /// @return done Whether each succeeded.
    function tryMany(bytes[] calldata calls) external returns (bool[] memory done);

    // ─── Accounts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Pays `amount` tokens from the caller into `account`'s balance.
    /// @param account Account that is credited.
    /// @param amount Amount in token units.
    function deposit(address account, uint256 amount) external;

    /// @notice As {deposit}, with the caller's EIP-2612 permit for the amount; somebody else may have sent the permit already.
    /// @param account Account that is credited.
    /// @param amount Amount in token units; also that of the permit.
    /// @param deadline Last second of the permit.
    /// @param v Signature of the permit.
    /// @param r Signature of the permit.
    /// @param s Signature of the permit.
    function depositWithPermit(
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Pays `amount` of the caller's balance out to `to`.
    /// @param to Receiver.
    /// @param amount Amount in token units.
    function withdraw(address to, uint256 amount) external;

    // ─── Requesters ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Submits a workload: locks the fee and fixes a future beacon round.
    /// @param request See {Request}.
    /// @return workload The workload's id.
    function submit(Request calldata request) external returns (bytes32 workload);

    /// @notice Submits several workloads; the nonces must follow each other.
    /// @param requests See {Request}; all from the caller.
    /// @return workloads Their ids.
    function submitMany(Request[] calldata requests) external returns (bytes32[] memory workloads);

    // ─── Provers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Draws the seats of a workload once its beacon round is known. Anyone may call; the caller gets the bounty.
    /// @param workload Workload id.
    function assign(bytes32 workload) external;

    /// @notice Draws the seats of several workloads; those that cannot be drawn are passed over.
    /// @param workloads Workload ids.
    function assignMany(bytes32[] calldata workloads) external;

    /// @notice Accepts a slot. In the response window it keeps the slot for its seat; later it only ends the silence.
    /// @param workload Workload id.
    /// @param seat Seat of the caller.
    function accept(bytes32 workload, uint256 seat) external;

    /// @notice Commits to a proof for the seat's own slot. From redundancy 2 on commits close when every slot has its own
    /// seat's commit and none was open to others. A slot that is its seat's alone takes none where a contract verifies: see {submitProof}.
    /// @param workload Workload id.
    /// @param seat Seat of the caller.
    /// @param commitment The low 160 bits of keccak256(abi.encode(proofDigest, operator, workload, seat, salt)), proofDigest = sha256(proof).
    function commit(bytes32 workload, uint256 seat, uint160 commitment) external;

    /// @notice Commits to a proof for an open slot, with any active and idle seat of the class; one such commit an operator.
    /// @param spec The workload's spec.
    /// @param seat Any active and idle seat of the caller.
    /// @param commitment As in {commit}.
    function commitOpen(Spec calldata spec, uint256 seat, uint160 commitment) external;

    /// @notice Reveals a committed proof; it is verified in this call. An invalid proof is recorded as such, not reverted.
    /// @param spec The workload's spec.
    /// @param pin The program's, see {IMarketExtension-pinOf}.
    /// @param seat Seat of the caller.
    /// @param publicInputs The workload's public inputs.
    /// @param proof The proof.
    /// @param salt Salt of the commitment.
    function reveal(
        Spec calldata spec,
        Pin calldata pin,
        uint256 seat,
        bytes calldata publicInputs,
        bytes calldata proof,
        bytes32 salt
    ) external;

    /// @notice Reveals a proof that a committee judges later. What it cannot get in its window is invalid: serve it until the verdict is final.
    /// @param spec The workload's spec.
    /// @param seat Seat of the caller.
    /// @param proofDigest sha-256 of the proof.
    /// @param salt Salt of the commitment.
    /// @param proof The proof, of at most 1,024 bytes, to be carried in the event; empty when it is to be fetched by its digest.
    /// @param uri Where it can be fetched, a hint of at most 256 bytes.
    function revealToCommittee(
        Spec calldata spec,
        uint256 seat,
        bytes32 proofDigest,
        bytes32 salt,
        bytes calldata proof,
        string calldata uri
    ) external;

    /// @notice Submits a proof at once: for redundancy 1 by the assigned seat (it is verified and paid in this call), or for a
    /// program whose proof binds the prover. Reverts on an invalid proof.
    /// @param spec The workload's spec.
    /// @param pin The program's, see {IMarketExtension-pinOf}.
    /// @param seat Seat of the caller.
    /// @param publicInputs The workload's public inputs.
    /// @param proof The proof.
    function submitProof(
        Spec calldata spec,
        Pin calldata pin,
        uint256 seat,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external;

    // ─── Anyone ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Ends a workload: ranks, pays, burns, refunds. The caller gets the bounty. Listed seats that hold no slot are passed over.
    /// @param spec The workload's spec.
    /// @param seats Seats of the workload; every validly revealed one must be there (after a release also those that accepted in time).
    function settle(Spec calldata spec, uint256[] calldata seats) external;

    /// @notice Slashes seats of a workload that never answered through the silence window. The caller gets the bounty.
    /// @param spec The workload's spec.
    /// @param seats Silent seats.
    function slash(Spec calldata spec, uint256[] calldata seats) external;

    // ─── Views ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The stored words of a seat, as in libraries/SlotWord.sol: the main one, then three for commits that are not settled yet.
    /// @param seat Seat id.
    /// @return words The words; a freed one keeps what it said until it is used again.
    function wordsOf(uint256 seat) external view returns (uint256[4] memory words);
}

/// @title The market, cold path: programs, cancel, decline, fail, release, clear, rules, who may submit, views
/// @notice Reached at the market's address too, by delegatecall to an extension fixed at deployment
/// (docs/adr/0002-market-and-extension.md).
interface IMarketExtension is IMarketErrors, IMarketEvents, IBeaconUser {
    // ─── Programs and fees ───────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Deploys a program. Deploying the same program again changes nothing and returns the same id.
    /// @param program See {Program}.
    /// @param uri Where its packages can be fetched, a hint; the digests alone are trusted.
    /// @return id Program id.
    function deployProgram(Program calldata program, string calldata uri) external returns (bytes32 id);

    /// @notice Burns what is booked to be burned with `accounts`. Anyone may call.
    /// @param accounts Accounts with which burns are booked.
    function burnFees(address[] calldata accounts) external;

    // ─── Requesters ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Cancels. Before the beacon round is fixed: at once, with a full refund. After the draw, as long as nobody has
    /// committed: the first call starts the delay, a second call after it completes.
    /// @param spec The workload's spec.
    /// @param seats For the second step: all seats that accepted in time, which share the compensation; otherwise empty.
    function cancel(Spec calldata spec, uint256[] calldata seats) external;

    /// @notice Closes commits early; needs a commit. It ends everybody's duty to answer.
    /// @param spec The workload's spec.
    function release(Spec calldata spec) external;

    // ─── Provers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Declines a slot that was not accepted; counts against the seat's quota. Possible until the silence window is over.
    /// @param spec The workload's spec.
    /// @param seat Seat of the caller.
    function decline(Spec calldata spec, uint256 seat) external;

    /// @notice Reports that the work cannot be done. Possible until the silence window is over.
    /// @param spec The workload's spec.
    /// @param seat Seat of the caller.
    /// @param reason Why; not None.
    function fail(Spec calldata spec, uint256 seat, FailReason reason) external;

    // ─── Anyone ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Frees seats of a finished workload that were not in the settled list, and records their misses.
    /// @param spec The workload's spec.
    /// @param seats Seats to free.
    function clear(Spec calldata spec, uint256[] calldata seats) external;

    /// @notice Lets the market count a class's rounds by itself again once its beacon names them, which makes submissions cheaper. Anyone may call.
    /// @param class Hardware class.
    function trustClock(uint8 class) external;

    // ─── Owner and guardian ──────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Puts an account on a list, or takes it off, while the list is not open.
    /// @param list See {AccessList}.
    /// @param account Account.
    /// @param isAdmitted_ Whether it is on the list from now on.
    function admit(AccessList list, address account, bool isAdmitted_) external;

    /// @notice Opens a list: from now on everybody may. This cannot be undone, by the owner or by anyone.
    /// @param list See {AccessList}.
    function openList(AccessList list) external;

    /// @notice Takes the mark of the list off a class once the list is open, which makes submissions cheaper. Anyone may call.
    /// @param class Hardware class.
    function liftRestriction(uint8 class) external;

    /// @notice Offers an account to become the guardian; zero: there is none from now on.
    /// @param guardian_ Account that will be able to pause submissions.
    function setGuardian(address guardian_) external;

    /// @notice Accepts to be the guardian.
    function acceptGuardian() external;

    /// @notice Pauses new submissions to a class, nothing else.
    /// @param class Hardware class.
    /// @param duration Seconds, at most three days; the next pause of the class is possible seven days after its end.
    function pauseSubmissions(uint8 class, uint256 duration) external;

    /// @notice Lifts a pause: the guardian at any time, anyone when it ran out, which makes submissions cheaper.
    /// @param class Hardware class.
    function liftPause(uint8 class) external;

    /// @notice Writes new rules under the next number.
    /// @param rules_ See {Rules}.
    /// @return number Their number.
    function addRules(Rules calldata rules_) external returns (uint256 number);

    /// @notice Sets what new submissions to a class must meet. Live workloads are not touched.
    /// @param class Hardware class, at most 63.
    /// @param terms See {ClassTerms}.
    function setClassTerms(uint8 class, ClassTerms calldata terms) external;

    // ─── Views ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice An account's free balance, next nonce, and burns booked with it that have not left the supply yet.
    /// @param account Account.
    /// @return balance Free balance in token units.
    /// @return nonce Nonce of the next submission.
    /// @return toBurn Burns booked with the account, in token units.
    function accountOf(address account) external view returns (uint256 balance, uint256 nonce, uint256 toBurn);

    /// @notice The pinned verifier of a program.
    /// @param program Program id.
    /// @return verifier Verifier contract; zero: unknown, or without one.
    /// @return codeHash Pinned hash of its code.
    /// @return verifierGas Gas one verification may use.
    /// @return class Hardware class.
    /// @return bindsProver Whether the proof binds the prover.
    /// @return judged Whether it is deployed and a committee judges its proofs.
    function programOf(
        bytes32 program
    )
        external
        view
        returns (address verifier, bytes32 codeHash, uint32 verifierGas, uint8 class, bool bindsProver, bool judged);

    /// @notice What a verification has to be passed of a program.
    /// @param program Program id.
    /// @return See {Pin}; zero for an unknown program.
    function pinOf(bytes32 program) external view returns (Pin memory);

    /// @notice What a committee judges. Each reveal: proofs = keccak256(abi.encode(proofs, order, operator, proofDigest)). Reverts before the end.
    /// @param spec The workload's spec.
    /// @return See {Judging}.
    function judgingOf(Spec calldata spec) external view returns (Judging memory);

    /// @notice A workload's stored state. Phase None when it does not exist.
    /// @param workload Workload id.
    /// @return The state.
    function workloadOf(bytes32 workload) external view returns (WorkloadState memory);

    /// @notice What is kept of the hash of a proven workload's receipt (see {Receipt}): the proof of who was paid, for network rewards.
    /// @param workload Workload id.
    /// @return receipt The bits of the hash in `Receipt.MASK`; zero before the end and for a workload that nobody proved.
    function receiptOf(bytes32 workload) external view returns (uint256 receipt);

    /// @notice The slot word of `seat` for `workload`; state Free when it holds none.
    /// @param workload Workload id.
    /// @param seat Seat id.
    /// @return The slot.
    function slotOf(bytes32 workload, uint256 seat) external view returns (SlotView memory);

    /// @notice Slots open to any eligible operator now.
    /// @param workload Workload id.
    /// @return Number of slots.
    function openSlots(bytes32 workload) external view returns (uint256);

    /// @notice The id of a spec.
    /// @param spec The workload's spec.
    /// @return The workload id.
    function idOf(Spec calldata spec) external view returns (bytes32);

    /// @notice Rules by number; they never change once written.
    /// @param number Number of the rules.
    /// @return The rules; all zero for an unknown number.
    function rulesOf(uint256 number) external view returns (Rules memory);

    /// @notice Whether an account may submit or deploy: it is on the list, or the list is open.
    /// @param list See {AccessList}.
    /// @param account Account.
    /// @return Whether it may.
    function isAdmitted(AccessList list, address account) external view returns (bool);

    /// @notice What new submissions to a class must meet.
    /// @param class Hardware class.
    /// @return The terms; rules zero when the class is closed.
    function classTermsOf(uint8 class) external view returns (ClassTerms memory);
}

/// @title The market: programs, workloads, fees
/// @notice The life of a workload is in design §3, its money in §4. Times are Unix seconds, amounts token units unless said otherwise.
// solhint-disable-next-line no-empty-blocks
interface IMarket is IMarketCore, IMarketExtension {}
