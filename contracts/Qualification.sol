// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {DirectOwner} from "./access/DirectOwner.sol";
import {IProverRegistry, IProverRegistryTypes} from "./interfaces/IProverRegistry.sol";
import {IPuzzle} from "./interfaces/IPuzzle.sol";
import {IQualification} from "./interfaces/IQualification.sol";
import {ISeatHolder} from "./interfaces/ISeatHolder.sol";
import {ISeatQualifier} from "./interfaces/ISeatQualifier.sol";
import {BeaconCall} from "./libraries/BeaconCall.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";

/// @title Qualification
/// @notice MONEY. None is held here; {evict} has the registry divide the prepaid part of a bond.
/// TIME. A check may be opened from a second on the grid of its class; its window counts from {start}, which anyone calls once the
/// round is on chain. A check that cannot end before the next one is due does not start: it is void and evicts nobody.
/// DRAWS. Round and set are fixed by {open}, before the round's value can be known; the seed is stored by {start}, so no beacon that
/// forgets and no later change of policy touches a check.
/// ROLES. The owner sets policies within bounds. Operators answer for their seats. Everything else is open to anyone.
/// EXTERNAL CALLS. Registry, market (views). The beacon and the puzzle of the check's policy, which are the owner's choice: bounded in gas, and in what
/// of their answers is copied.
contract Qualification is IQualification, DirectOwner {
    /// @dev Where the checks of a class stand.
    struct Schedule {
        uint16 policy;
        uint32 newest;
        uint40 nextAt;
    }

    /// @notice Longest window: it has to end well before the next check.
    uint256 public constant MAX_WINDOW = 1 hours;
    /// @notice Most excuses in a row: who floods its own seats with work still has to show its machines in the eighth check.
    uint256 public constant MAX_EXCUSES = 7;
    /// @notice At most a twentieth of a bond is prepaid for an eviction; the registry takes no more either.
    uint256 public constant MAX_CHARGE_BPS = 500;
    uint256 private constant BPS = 10_000;
    /// @dev Gas a puzzle may use: what a {ProofPuzzle} needs whose verifier is the dearest that the market takes.
    uint256 private constant PUZZLE_GAS = 16_000_000;
    /// @dev Bytes of a puzzle's error that are passed on.
    uint256 private constant REASON_LIMIT = 256;

    /// @notice The registry whose seats qualify here.
    IProverRegistry public immutable registry;
    /// @notice Says which seats are at work.
    ISeatHolder public immutable market;

    /// @notice Number of policies ever written.
    uint16 public policyCount;

    mapping(uint256 number => Policy policy) private _policies;
    mapping(uint8 class => Schedule schedule) private _schedules;
    mapping(uint8 class => mapping(uint256 number => Check check)) private _checks;
    mapping(uint256 seat => Record record) private _records;

    /// @param registry_ The registry; it must name this contract.
    /// @param owner_ Sets policies.
    constructor(IProverRegistry registry_, address owner_) Ownable(owner_) DirectOwner(registry_.relay()) {
        address named = registry_.qualification();
        if (named != address(this)) revert NotNamedByRegistry(named, address(this));
        registry = registry_;
        market = ISeatHolder(registry_.market());
    }

    // ─── Owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IQualification
    /// @custom:bound window ≤ {MAX_WINDOW}, period at least two windows and at most half of the cooldown, excuses ≤ {MAX_EXCUSES},
    /// charge ≤ {MAX_CHARGE_BPS}; checks that are open keep their policy; puzzle and beacon are any contracts
    function setPolicy(uint8 class, Policy calldata policy) external onlyOwner returns (uint256 number) {
        Schedule storage schedule = _schedules[class];
        if (policy.puzzle != address(0)) {
            _checkParameter("window", policy.window, 1, MAX_WINDOW);
            // A seat that leaves after the set was frozen is evicted before it can withdraw.
            _checkParameter("period", policy.period, 2 * uint256(policy.window), registry.cooldown() / 2);
            _checkParameter("fractionBps", policy.fractionBps, 1, BPS);
            _checkParameter("excuses", policy.excuses, 0, MAX_EXCUSES);
            _checkParameter("chargeBps", policy.chargeBps, 0, MAX_CHARGE_BPS);
            _checkParameter("puzzle", policy.puzzle.code.length, 1, type(uint256).max);
            _checkParameter("beacon", policy.beacon.code.length, 1, type(uint256).max);
            number = ++policyCount;
            _policies[number] = policy;
            if (schedule.nextAt == 0) schedule.nextAt = uint40(block.timestamp);
        }
        schedule.policy = uint16(number);
        emit PolicySet(class, number, policy);
    }

    // ─── Checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IQualification
    function open(uint8 class) external returns (uint256 check) {
        Schedule memory schedule = _schedules[class];
        if (schedule.policy == 0) revert NoPuzzle(class);
        Policy storage policy = _policies[schedule.policy];
        uint256 due = schedule.nextAt;
        if (block.timestamp < due) revert NotDue(class, block.timestamp, due);
        // The grid stays where it is, however late the call: nobody moves later checks.
        uint256 period = policy.period;
        uint256 next = due + ((block.timestamp - due) / period + 1) * period;
        uint256 startBy = next - policy.window;
        if (block.timestamp >= startBy) revert NotDue(class, block.timestamp, next);
        check = uint256(schedule.newest) + 1;
        uint32 round = BeaconCall.namedRound(policy.beacon);
        uint256 epoch = registry.currentEpoch();
        _schedules[class] = Schedule(schedule.policy, uint32(check), uint40(next));
        _checks[class][check] = Check(round, uint24(epoch), schedule.policy, 0, uint40(startBy), 0);
        emit CheckOpened(class, check, round, epoch, startBy);
    }

    /// @inheritdoc IQualification
    function start(uint8 class) external {
        uint256 number = _schedules[class].newest;
        Check storage check = _checks[class][number];
        if (check.policy == 0) revert NotStarted(class, number);
        if (check.startedAt != 0) revert StartedAlready(class, number);
        if (block.timestamp > check.startBy) revert CheckVoid(class, number, block.timestamp, check.startBy);
        Policy storage policy = _policies[check.policy];
        bytes32 seed = BeaconCall.valueOf(policy.beacon, check.round);
        if (seed == 0) revert RoundMissing(check.round);
        check.startedAt = uint40(block.timestamp);
        check.seed = seed;
        emit CheckStarted(class, number, seed, block.timestamp + policy.window);
    }

    // ─── Operators ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IQualification
    function answer(uint256 seat, bytes calldata solution) external {
        (uint8 class, uint256 number, Check storage check, bool isWaiting) = _running(seat);
        bytes32 seed = _seedOf(check.seed, class, number, seat);
        if (!_isSolved(_policies[check.policy].puzzle, seed, solution)) revert WrongSolution(seat);
        // A seat that joins is in no set of a check so far: nothing can ask it again, and nothing need be remembered.
        if (!isWaiting || _records[seat].excuses != 0) _records[seat] = Record(uint32(number), 0);
        emit Answered(seat, number);
        if (isWaiting) registry.activate(seat);
    }

    /// @inheritdoc IQualification
    function excuse(uint256[] calldata seats) external {
        for (uint256 i; i < seats.length; ++i) {
            uint256 seat = seats[i];
            (, uint256 number, Check storage check, bool isWaiting) = _running(seat);
            // A waiting seat owes nothing yet.
            if (isWaiting) revert NotSelected(seat, number);
            if (_records[seat].check >= number) revert AnsweredAlready(seat, number);
            if (!market.isHeld(seat)) revert NotBusy(seat);
            uint8 used = _records[seat].excuses;
            uint8 most = _policies[check.policy].excuses;
            if (used >= most) revert NoExcuseLeft(seat, used, most);
            _records[seat] = Record(uint32(number), used + 1);
            emit Excused(seat, number, used + 1);
        }
    }

    // ─── Anyone ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IQualification
    function evict(uint8 class, uint256 number, uint256[] calldata seats) external {
        Check memory check = _checks[class][number];
        if (check.startedAt == 0) revert NotStarted(class, number);
        Policy memory policy = _policies[check.policy];
        uint256 until = uint256(check.startedAt) + policy.window;
        if (block.timestamp <= until) revert WindowOpen(block.timestamp, until);
        uint256 evicted;
        for (uint256 i; i < seats.length; ++i) {
            uint256 seat = seats[i];
            IProverRegistryTypes.Membership memory member = registry.membershipOf(seat);
            // Gone, or back in the set since, or it answered.
            bool isLater = member.fromEpoch > check.epoch || _records[seat].check >= number;
            if (member.operator == address(0) || isLater) continue;
            if (member.class != class) revert WrongClass(seat, member.class, class);
            if (!_isSelected(check.seed, policy.fractionBps, check.epoch, seat, member))
                revert NotSelected(seat, number);
            if (!registry.evict(seat, _msgSender(), policy.chargeBps)) continue;
            ++evicted;
            emit Missing(seat, number, _msgSender());
        }
        if (evicted == 0) revert NobodyEvicted();
    }

    // ─── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ISeatQualifier
    function mustQualify(uint8 class) external view returns (bool) {
        return _schedules[class].policy != 0;
    }

    /// @inheritdoc IQualification
    function policyOf(uint256 number) external view returns (Policy memory) {
        return _policies[number];
    }

    /// @inheritdoc IQualification
    function scheduleOf(uint8 class) external view returns (uint16 policy, uint32 newest, uint40 nextAt) {
        Schedule memory schedule = _schedules[class];
        return (schedule.policy, schedule.newest, schedule.nextAt);
    }

    /// @inheritdoc IQualification
    function checkOf(uint8 class, uint256 check) external view returns (Check memory) {
        return _checks[class][check];
    }

    /// @inheritdoc IQualification
    function recordOf(uint256 seat) external view returns (Record memory) {
        return _records[seat];
    }

    /// @inheritdoc IQualification
    function isSelected(uint8 class, uint256 number, uint256 seat) external view returns (bool) {
        Check storage check = _checks[class][number];
        if (check.startedAt == 0) revert NotStarted(class, number);
        IProverRegistryTypes.Membership memory member = registry.membershipOf(seat);
        uint256 fractionBps = _policies[check.policy].fractionBps;
        return member.class == class && _isSelected(check.seed, fractionBps, check.epoch, seat, member);
    }

    /// @inheritdoc IQualification
    function seedOf(uint8 class, uint256 number, uint256 seat) external view returns (bytes32 seed) {
        Check storage check = _checks[class][number];
        if (check.startedAt == 0) revert NotStarted(class, number);
        return _seedOf(check.seed, class, number, seat);
    }

    // ─── Internal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _checkParameter(bytes32 parameter, uint256 have, uint256 least, uint256 most) private pure {
        if (have < least || have > most) revert InvalidPolicy(parameter, have, least, most);
    }

    /// @dev The check that a seat of the caller can act in now; reverts with the reason when there is none.
    /// @return class Class of the seat.
    /// @return number Number of the check.
    /// @return check The check.
    /// @return isWaiting Whether the seat would join by its answer; false: it is selected.
    function _running(
        uint256 seat
    ) private view returns (uint8 class, uint256 number, Check storage check, bool isWaiting) {
        IProverRegistryTypes.Membership memory member = registry.membershipOf(seat);
        if (member.operator != _msgSender()) revert NotSeatsOperator(seat, _msgSender(), member.operator);
        class = member.class;
        number = _schedules[class].newest;
        check = _checks[class][number];
        if (check.startedAt == 0) revert NotStarted(class, number);
        Policy storage policy = _policies[check.policy];
        uint256 until = uint256(check.startedAt) + policy.window;
        if (block.timestamp > until) revert WindowOver(block.timestamp, until);
        // An excused seat may answer all the same.
        if (_records[seat].check >= number && _records[seat].excuses == 0) revert AnsweredAlready(seat, number);
        isWaiting = member.status == IProverRegistryTypes.SeatStatus.Inactive;
        if (!isWaiting && !_isSelected(check.seed, policy.fractionBps, check.epoch, seat, member))
            revert NotSelected(seat, number);
    }

    /// @dev Whether a check asks a seat of the frozen set for an answer. All seats of an operator are drawn together, so that one machine
    /// cannot serve them in turn; an excused seat is asked in every check until it answers.
    function _isSelected(
        bytes32 seed,
        uint256 fractionBps,
        uint256 epoch,
        uint256 seat,
        IProverRegistryTypes.Membership memory member
    ) private view returns (bool) {
        bool isIn = member.status == IProverRegistryTypes.SeatStatus.Active || member.leftEpoch >= epoch;
        // Zero: never in the set.
        if (!isIn || member.fromEpoch == 0 || member.fromEpoch > epoch) return false;
        if (_records[seat].excuses != 0) return true;
        return uint256(keccak256(abi.encode(seed, member.operator))) % BPS < fractionBps;
    }

    /// @dev Asks the puzzle, which can change nothing. Reverts with the beginning of its error if it has one; with too little gas nothing is
    /// recorded, so nobody but the caller loses by that.
    function _isSolved(address puzzle, bytes32 seed, bytes calldata solution) private view returns (bool) {
        bytes memory question = abi.encodeCall(IPuzzle.isSolved, (seed, _msgSender(), solution));
        (bool ok, uint256 solved) = ForeignCall.ask(puzzle, PUZZLE_GAS, question);
        if (ok) return solved == 1;
        bytes memory reason = ForeignCall.beginning(REASON_LIMIT);
        if (reason.length == 0) return false;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }

    function _seedOf(bytes32 seed, uint8 class, uint256 number, uint256 seat) private view returns (bytes32) {
        return keccak256(abi.encode(seed, block.chainid, address(this), class, number, seat));
    }
}
