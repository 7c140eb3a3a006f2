// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC2771Context} from "@openzeppelin/contracts/metatx/ERC2771Context.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IJudged} from "./interfaces/IJudged.sol";
import {IMarket, IMarketTypes} from "./interfaces/IMarket.sol";
import {IProverRegistry} from "./interfaces/IProverRegistry.sol";
import {BeaconCall} from "./libraries/BeaconCall.sol";
import {Candidate} from "./libraries/Candidate.sol";
import {Panel} from "./libraries/Panel.sol";
import {Recipient} from "./libraries/Recipient.sol";

/// @title Committees: drawn after the reveals, they judge proofs that no contract can verify
/// @notice MONEY. Holds the bonds of appeals and nothing else: balance = Σ owed + Σ bonds of appeals not concluded. Members are paid by the market.
/// TIME. A verdict counts up to and including the second `until`; an appeal is possible in the `window` seconds after it. An attempt whose
/// committee is not drawn within {DRAW_EPOCHS} epochs after the one it was opened in has failed.
/// RANDOMNESS. A beacon round after the reveals, fixed when the attempt is opened, together with the validators' set of that epoch.
/// ROLES. None. The market concludes; this contract slashes and drops seats that it has drawn.
/// LIVENESS. Anyone can open, draw, post and settle; after three failed attempts the workload ends without a verdict.
/// EXTERNAL CALLS. Market, registry and token, all ours. The beacon of the workload's rules, which is the owner's choice, by {BeaconCall}. No account
/// is ever called.
contract Committee is ICommittee, EIP712, ERC2771Context {
    using Candidate for uint256;
    using Panel for Panel.Half;
    using SafeERC20 for ERC20Burnable;

    /// @dev All of a judging in one word. `before`: the verdict that was appealed. `formed`: an attempt had a quorum of answers.
    struct State {
        uint32 round;
        uint24 epoch;
        uint32 until;
        uint16 window;
        uint8 attempts;
        bool appealed;
        bool formed;
        uint32 revealed;
        uint32 decided;
        uint32 valid;
        uint32 before;
    }

    /// @dev Who appealed, and what it put up.
    struct Appeal {
        address appellant;
        uint96 bond;
    }

    /// @notice Members of a committee.
    uint256 public constant SIZE = 7;
    /// @notice Equal opinions that decide a proof: two thirds.
    uint256 public constant QUORUM = 5;
    /// @notice Members of an appeal's committee.
    uint256 public constant APPEAL_SIZE = 15;
    /// @notice Equal opinions that decide a proof on appeal: two thirds.
    uint256 public constant APPEAL_QUORUM = 10;
    /// @notice Committees drawn before a workload ends without a verdict.
    uint256 public constant ATTEMPTS = 3;
    /// @notice The appeal's bond in shares of the committee: it pays fifteen members what seven get from the fee, and some of it burns.
    uint256 public constant BOND_SHARES = 3;
    /// @notice Verdicts missed in a row that drop a seat.
    uint256 public constant MISS_STREAK = 3;
    /// @notice Epochs after the opening in which the committee can be drawn; the registry remembers exactly that long.
    uint256 public constant DRAW_EPOCHS = 3;

    bytes32 private constant VERDICT_TYPE = keccak256(
        "Verdict(bytes32 workload,uint256 attempt,bytes32 proofs,uint256 valid)"
    );
    /// @dev Number of the attempt that hears an appeal.
    uint256 private constant APPEAL = ATTEMPTS + 1;

    /// @notice The token of bonds.
    ERC20Burnable public immutable token;
    /// @notice The market whose proofs are judged.
    IMarket public immutable market;
    /// @notice The registry of the validators' seats.
    IProverRegistry public immutable registry;
    /// @inheritdoc ICommittee
    uint8 public immutable validatorClass;

    /// @dev The registry's epochs, copied so that telling the stage needs no call for them.
    uint256 private immutable _epochLength;
    uint256 private immutable _epochGenesis;

    /// @inheritdoc ICommittee
    mapping(address account => uint256 amount) public owed;
    /// @notice Verdicts a seat has missed in a row.
    mapping(uint256 seat => uint256 streak) public missesOf;

    mapping(bytes32 workload => State state) private _states;
    mapping(bytes32 workload => bytes32 proofs) private _proofs;
    mapping(bytes32 workload => Appeal appeal) private _appeals;
    mapping(bytes32 workload => mapping(uint256 attempt => Panel.Half[2] halves)) private _panels;
    /// @dev Set while an appeal's bond is paid or burned; of this transaction only.
    bool private transient _closing;

    /// @param token_ Token of bonds.
    /// @param market_ The market.
    /// @param registry_ The registry; it must name this contract.
    /// @param validatorClass_ Class whose seats are drawn.
    constructor(
        ERC20Burnable token_,
        IMarket market_,
        IProverRegistry registry_,
        uint8 validatorClass_
    ) EIP712("Gevulot Committee", "1") ERC2771Context(registry_.relay()) {
        address named = registry_.committee();
        if (named != address(this)) revert NotOurRegistry(named, address(this));
        token = token_;
        market = market_;
        registry = registry_;
        validatorClass = validatorClass_;
        _epochLength = registry_.epochLength();
        _epochGenesis = registry_.genesis();
    }

    // ─── Attempts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ICommittee
    function open(IMarketTypes.Spec calldata spec) external {
        IJudged.Judging memory j = market.judgingOf(spec);
        State memory s = _states[j.workload];
        Stage stage = _stageOf(s);
        if (stage == Stage.Drawing && s.round == 0) {
            _fixRound(j, s, _attemptOf(s));
            if (s.round == 0) revert NoRoundYet(j.beacon);
            return;
        }
        if (stage != Stage.None && stage != Stage.Failed) revert WrongStage(j.workload, stage);
        if (stage == Stage.Failed) _recordMisses(j.workload, s.attempts);
        ++s.attempts;
        s.window = uint16(j.verdictWindow);
        _fixRound(j, s, s.attempts);
    }

    /// @inheritdoc ICommittee
    function draw(IMarketTypes.Spec calldata spec, Reveal[] calldata reveals, uint256[] calldata unrevealed) external {
        IJudged.Judging memory j = market.judgingOf(spec);
        State memory s = _states[j.workload];
        Stage stage = _stageOf(s);
        if (stage != Stage.Drawing) revert WrongStage(j.workload, stage);
        bytes32 randomness = s.round == 0 ? bytes32(0) : BeaconCall.valueOf(j.beacon, s.round);
        if (randomness == 0) revert RoundNotKnown(s.round);
        uint256 attempt = _attemptOf(s);
        address[] memory excluded;
        (s.revealed, excluded) = _checkCommits(j, reveals, unrevealed);
        bytes32 seed = keccak256(abi.encode(randomness, j.workload, attempt));
        uint256[] memory seats = _pick(seed, s.epoch, s.appealed, excluded);
        Panel.Half[2] memory halves;
        for (uint256 i; i < seats.length; ++i) halves[i / Panel.MEMBERS].put(i % Panel.MEMBERS, seats[i]);
        _store(j.workload, attempt, halves);
        s.until = uint32(block.timestamp + s.window);
        _states[j.workload] = s;
        _proofs[j.workload] = j.proofs;
        emit CommitteeDrawn(j.workload, attempt, seats, j.proofs, s.revealed, s.until);
    }

    /// @inheritdoc ICommittee
    function post(bytes32 workload, Ballot[] calldata ballots) external {
        State memory s = _states[workload];
        Stage stage = _stageOf(s);
        if (stage != Stage.Voting) revert WrongStage(workload, stage);
        uint256 attempt = _attemptOf(s);
        Panel.Half[2] memory halves = _panels[workload][attempt];
        for (uint256 i; i < ballots.length; ++i) {
            Ballot calldata ballot = ballots[i];
            if (ballot.valid & ~uint256(s.revealed) != 0) revert NotRevealed(ballot.valid, s.revealed);
            (Panel.Half memory half, uint256 place) = _member(halves, ballot.member);
            uint256 seat = _checkSigner(workload, attempt, half.seatAt(place), ballot);
            // Somebody else was faster: a batch must not fail for it.
            if (half.answered(place)) continue;
            half.answer(place, ballot.valid);
            emit Voted(workload, attempt, seat, ballot.valid);
        }
        _store(workload, attempt, halves);
        if (_count(s, halves)) emit VerdictReached(workload, attempt, s.valid);
        _states[workload] = s;
    }

    /// @inheritdoc ICommittee
    function appeal(IMarketTypes.Spec calldata spec) external {
        IJudged.Judging memory j = market.judgingOf(spec);
        State memory s = _states[j.workload];
        Stage stage = _stageOf(s);
        if (stage != Stage.Appealable) revert WrongStage(j.workload, stage);
        _recordMisses(j.workload, s.attempts);
        s.appealed = true;
        s.before = s.valid;
        s.decided = 0;
        s.valid = 0;
        uint256 bond = j.share * BOND_SHARES;
        _appeals[j.workload] = Appeal(_msgSender(), uint96(bond));
        emit Appealed(j.workload, _msgSender(), bond);
        _fixRound(j, s, APPEAL);
        token.safeTransferFrom(_msgSender(), address(this), bond);
    }

    /// @inheritdoc ICommittee
    function slash(bytes32 workload, uint256 attempt, Ballot calldata first, Ballot calldata second) external {
        Panel.Half[2] memory halves = _panels[workload][attempt];
        (Panel.Half memory half, uint256 place) = _member(halves, first.member);
        if (first.member != second.member || first.valid == second.valid || half.slashed(place))
            revert NotEquivocal(first.member);
        uint256 seat = _checkSigner(workload, attempt, half.seatAt(place), first);
        _checkSigner(workload, attempt, seat, second);
        half.markSlashed(place);
        _store(workload, attempt, halves);
        emit Equivocated(workload, attempt, seat, _msgSender());
        registry.slash(seat, _msgSender());
    }

    /// @inheritdoc ICommittee
    function withdraw(address to) external {
        Recipient.check(to, address(market));
        uint256 amount = owed[_msgSender()];
        if (amount == 0) revert NothingOwed();
        owed[_msgSender()] = 0;
        emit OwedWithdrawn(_msgSender(), to, amount);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc ICommittee
    /// @custom:bound once a verdict is final or all attempts failed; drops seats that missed three verdicts in a row
    function conclude(bytes32 workload) external returns (Conclusion memory c) {
        if (msg.sender != address(market)) revert OnlyMarket(msg.sender, address(market));
        State memory s = _states[workload];
        c = _conclusionOf(workload, s);
        _recordMisses(workload, _attemptOf(s));
        if (!s.appealed) return c;
        // The market writes that the workload ended only after this call: a token that called anybody in between could end it twice.
        if (_closing) revert WrongStage(workload, Stage.Final);
        _closing = true;
        _closeAppeal(workload, s, c.valid != s.before);
        _closing = false;
    }

    // ─── Views ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ICommittee
    function judgmentOf(bytes32 workload) external view returns (Judgment memory) {
        State memory s = _states[workload];
        return
            Judgment({
                stage: _stageOf(s),
                attempt: s.attempts == 0 ? 0 : _attemptOf(s),
                attempts: s.attempts,
                appealed: s.appealed,
                round: s.round,
                epoch: s.epoch,
                until: s.until,
                revealed: s.revealed,
                decided: s.decided,
                valid: _verdictOf(s),
                proofs: _proofs[workload],
                appellant: _appeals[workload].appellant,
                bond: _appeals[workload].bond
            });
    }

    /// @inheritdoc ICommittee
    function membersOf(
        bytes32 workload,
        uint256 attempt
    ) external view returns (uint256[] memory seats, uint256 answered, uint256[] memory votes) {
        Panel.Half[2] memory halves = _panels[workload][attempt];
        uint256 size = _sizeOf(halves);
        seats = new uint256[](size);
        votes = new uint256[](size);
        for (uint256 i; i < size; ++i) {
            (Panel.Half memory half, uint256 place) = _member(halves, i);
            seats[i] = half.seatAt(place);
            votes[i] = half.voteOf(place);
            if (half.answered(place)) answered |= 1 << i;
        }
    }

    /// @inheritdoc ICommittee
    function conclusionOf(bytes32 workload) external view returns (Conclusion memory) {
        return _conclusionOf(workload, _states[workload]);
    }

    /// @inheritdoc ICommittee
    function digestOf(bytes32 workload, uint256 attempt, bytes32 proofs, uint256 valid) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VERDICT_TYPE, workload, attempt, proofs, valid)));
    }

    // ─── Internal ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Starts an attempt: its round lies ahead, whoever calls and whenever.
    function _fixRound(IJudged.Judging memory j, State memory s, uint256 attempt) private {
        // A beacon that fails must cost an attempt at most: nothing else would ever end a workload whose proofs nobody can be drawn to judge.
        s.round = BeaconCall.nextRound(j.beacon);
        s.epoch = uint24(registry.currentEpoch());
        s.until = 0;
        _states[j.workload] = s;
        emit JudgingOpened(j.workload, attempt, s.round, s.epoch);
    }

    /// @dev Checks the lists against the market's books.
    /// @return revealed Revealed proofs by commit order.
    /// @return excluded Operators of all commits.
    function _checkCommits(
        IJudged.Judging memory j,
        Reveal[] calldata reveals,
        uint256[] calldata unrevealed
    ) private view returns (uint32 revealed, address[] memory excluded) {
        uint256 listed = reveals.length + unrevealed.length;
        if (listed != j.commits) revert CommitsIncomplete(listed, j.commits);
        excluded = new address[](listed);
        bytes32 proofs;
        uint256 seen;
        for (uint256 i; i < reveals.length; ++i) {
            Reveal calldata reveal = reveals[i];
            proofs = keccak256(abi.encode(proofs, reveal.order, reveal.operator, reveal.proofDigest));
            seen |= 1 << reveal.order;
            excluded[i] = reveal.operator;
        }
        if (proofs != j.proofs) revert RevealsMismatch(proofs, j.proofs);
        revealed = uint32(seen);
        for (uint256 i; i < unrevealed.length; ++i) {
            IMarketTypes.SlotView memory slot = market.slotOf(j.workload, unrevealed[i]);
            uint256 bit = 1 << slot.order;
            if (slot.state != IMarketTypes.SlotState.Committed || seen & bit != 0) revert NotUnrevealed(unrevealed[i]);
            seen |= bit;
            (excluded[reveals.length + i], , ) = registry.standing(unrevealed[i]);
        }
    }

    /// @dev The first candidates of the draw that are fit: a prefix of a random permutation of the validators' set, which only those
    /// are passed over in that left the set or have a part in the workload.
    function _pick(
        bytes32 seed,
        uint256 epoch,
        bool appealed,
        address[] memory excluded
    ) private view returns (uint256[] memory seats) {
        (uint256 size, uint256 quorum) = appealed ? (APPEAL_SIZE, APPEAL_QUORUM) : (SIZE, QUORUM);
        seats = new uint256[](size);
        uint256[] memory candidates = registry.draw(validatorClass, seed, epoch, 0, size);
        uint256 count = _pickFit(candidates, excluded, seats, 0);
        if (count < size && candidates.length == size) {
            candidates = registry.draw(validatorClass, seed, epoch, size, 2 * size);
            count = _pickFit(candidates, excluded, seats, count);
        }
        if (count < quorum) revert CommitteeTooSmall(count, quorum);
        assembly ("memory-safe") {
            mstore(seats, count)
        }
    }

    function _pickFit(
        uint256[] memory candidates,
        address[] memory excluded,
        uint256[] memory seats,
        uint256 count
    ) private pure returns (uint256) {
        for (uint256 i; i < candidates.length && count < seats.length; ++i) {
            if (!candidates[i].drawable()) continue;
            address operator = address(candidates[i].operator());
            bool involved;
            for (uint256 k; k < excluded.length && !involved; ++k) involved = excluded[k] == operator;
            if (!involved) seats[count++] = candidates[i].seat();
        }
        return count;
    }

    /// @dev Half and place of a member.
    function _member(
        Panel.Half[2] memory halves,
        uint256 member
    ) private pure returns (Panel.Half memory half, uint256 place) {
        if (member >= 2 * Panel.MEMBERS) revert UnknownMember(member);
        half = halves[member / Panel.MEMBERS];
        place = member % Panel.MEMBERS;
        if (half.seatAt(place) == 0) revert UnknownMember(member);
    }

    /// @dev Checks that the ballot was signed by the operator of `seat`, and returns `seat`.
    function _checkSigner(
        bytes32 workload,
        uint256 attempt,
        uint256 seat,
        Ballot calldata ballot
    ) private view returns (uint256) {
        bytes32 digest = digestOf(workload, attempt, _proofs[workload], ballot.valid);
        (address signer, , ) = ECDSA.tryRecover(digest, ballot.r, ballot.vs);
        (address operator, , ) = registry.standing(seat);
        // A seat that was withdrawn has no operator, and nothing that recovers to zero is a signature.
        if (signer != operator || signer == address(0)) revert WrongSigner(signer, operator);
        return seat;
    }

    /// @dev Decides what has a quorum of equal opinions and was not decided before.
    /// @return complete Whether this call decided the last one.
    function _count(State memory s, Panel.Half[2] memory halves) private pure returns (bool complete) {
        uint256 quorum = s.appealed ? APPEAL_QUORUM : QUORUM;
        uint256[] memory votes = new uint256[](APPEAL_SIZE);
        uint256 answers;
        for (uint256 i; i < APPEAL_SIZE; ++i) {
            Panel.Half memory half = halves[i / Panel.MEMBERS];
            if (half.answered(i % Panel.MEMBERS)) votes[answers++] = half.voteOf(i % Panel.MEMBERS);
        }
        if (answers < quorum) return false;
        s.formed = true;
        uint256 undecided = s.revealed & ~s.decided;
        if (undecided == 0) return false;
        for (uint256 order; undecided >> order != 0; ++order) {
            if ((undecided >> order) & 1 == 0) continue;
            uint256 found;
            for (uint256 i; i < answers; ++i) found += (votes[i] >> order) & 1;
            if (found >= quorum) s.valid |= uint32(1 << order);
            if (found >= quorum || answers - found >= quorum) s.decided |= uint32(1 << order);
        }
        return s.decided == s.revealed;
    }

    /// @dev Lengthens the streak of members that did not answer, and ends that of the others.
    function _recordMisses(bytes32 workload, uint256 attempt) private {
        Panel.Half[2] memory halves = _panels[workload][attempt];
        uint256 size = _sizeOf(halves);
        for (uint256 i; i < size; ++i) {
            Panel.Half memory half = halves[i / Panel.MEMBERS];
            uint256 seat = half.seatAt(i % Panel.MEMBERS);
            uint256 streak = missesOf[seat];
            if (half.answered(i % Panel.MEMBERS)) {
                if (streak != 0) missesOf[seat] = 0;
                continue;
            }
            emit VerdictMissed(workload, attempt, seat, ++streak);
            if (streak == MISS_STREAK) {
                streak = 0;
                registry.drop(seat);
            }
            missesOf[seat] = streak;
        }
    }

    /// @dev Divides the bond of an appeal. It goes back when the appeal changed the verdict, or decided nothing; else each member that
    /// answered gets what a member of the first committee gets from the fee, and the rest burns.
    function _closeAppeal(bytes32 workload, State memory s, bool changed) private {
        Appeal memory a = _appeals[workload];
        if (changed || s.decided == 0) {
            owed[a.appellant] += a.bond;
            emit AppealClosed(workload, changed, a.bond, 0, 0);
            return;
        }
        address[] memory payees = _answering(workload, APPEAL, APPEAL);
        uint256 each = a.bond / (BOND_SHARES * SIZE);
        for (uint256 i; i < payees.length; ++i) owed[payees[i]] += each;
        uint256 paid = each * payees.length;
        emit AppealClosed(workload, false, 0, paid, a.bond - paid);
        if (a.bond != paid) token.burn(a.bond - paid);
    }

    function _conclusionOf(bytes32 workload, State memory s) private view returns (Conclusion memory c) {
        Stage stage = _stageOf(s);
        if (stage == Stage.GivenUp) return c;
        if (stage != Stage.Final) revert WrongStage(workload, stage);
        c.judged = true;
        c.valid = _verdictOf(s);
        if (s.appealed && c.valid != s.before) {
            // Whoever gave the verdict that did not stand earns nothing for it.
            (c.parts, c.payees) = (APPEAL_SIZE, _answering(workload, APPEAL, APPEAL));
        } else {
            c.parts = SIZE * _drawnAttempts(workload, s.attempts);
            c.payees = _answering(workload, 1, s.attempts);
        }
    }

    function _store(bytes32 workload, uint256 attempt, Panel.Half[2] memory halves) private {
        for (uint256 i; i < halves.length; ++i) {
            if (halves[i].members != 0) _panels[workload][attempt][i] = halves[i];
        }
    }

    /// @dev Operators of the members that answered in attempts `from` to `to` and were not slashed for it.
    function _answering(bytes32 workload, uint256 from, uint256 to) private view returns (address[] memory payees) {
        payees = new address[]((to + 1 - from) * APPEAL_SIZE);
        uint256 count;
        for (uint256 attempt = from; attempt <= to; ++attempt) {
            Panel.Half[2] memory halves = _panels[workload][attempt];
            for (uint256 i; i < APPEAL_SIZE; ++i) {
                Panel.Half memory half = halves[i / Panel.MEMBERS];
                uint256 place = i % Panel.MEMBERS;
                if (!half.answered(place) || half.slashed(place)) continue;
                (address operator, , ) = registry.standing(half.seatAt(place));
                if (operator != address(0)) payees[count++] = operator;
            }
        }
        assembly ("memory-safe") {
            mstore(payees, count)
        }
    }

    /// @dev Attempts in which a committee was drawn.
    function _drawnAttempts(bytes32 workload, uint256 attempts) private view returns (uint256 count) {
        for (uint256 attempt = 1; attempt <= attempts; ++attempt) {
            if (_panels[workload][attempt][0].members != 0) ++count;
        }
    }

    /// @dev Where a judging is, by time alone.
    function _stageOf(State memory s) private view returns (Stage) {
        if (s.attempts == 0) return Stage.None;
        uint256 end = s.until;
        if (end == 0) {
            // The last second in which the registry still remembers the set.
            end = _epochGenesis + (s.epoch + DRAW_EPOCHS) * _epochLength - 1;
            if (block.timestamp <= end) return Stage.Drawing;
        } else if (block.timestamp <= end) {
            return Stage.Voting;
        }
        if (s.appealed) return Stage.Final;
        bool complete = s.formed && s.decided == s.revealed;
        // After the last attempt what no committee agreed on counts as invalid, as content does that not everybody can fetch.
        if (complete || (s.formed && s.attempts == ATTEMPTS)) {
            return block.timestamp <= end + s.window ? Stage.Appealable : Stage.Final;
        }
        return s.attempts == ATTEMPTS ? Stage.GivenUp : Stage.Failed;
    }

    /// @dev Number of members; they are stored without gaps.
    function _sizeOf(Panel.Half[2] memory halves) private pure returns (uint256 size) {
        while (size < APPEAL_SIZE && halves[size / Panel.MEMBERS].seatAt(size % Panel.MEMBERS) != 0) ++size;
    }

    /// @dev Number of the attempt under way.
    function _attemptOf(State memory s) private pure returns (uint256) {
        return s.appealed ? APPEAL : s.attempts;
    }

    /// @dev Valid proofs: what this attempt decided, else what the verdict before an appeal said, else none.
    function _verdictOf(State memory s) private pure returns (uint256) {
        return (s.valid & s.decided) | (s.before & ~s.decided);
    }
}
