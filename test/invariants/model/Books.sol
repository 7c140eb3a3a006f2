// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketErrors} from "../../../contracts/interfaces/IMarket.sol";
import {IProverRegistryErrors, IProverRegistryTypes} from "../../../contracts/interfaces/IProverRegistry.sol";

/// @title The model's books: what the handler believes the market and the registry hold
/// @notice Plain structs and plain integers, one field a fact. Nothing here shares code or layout with contracts/: numbers the
/// contracts keep as counters in packed words are counted here from the list of places every time they are needed.
abstract contract Books is IMarketErrors, IProverRegistryErrors, IProverRegistryTypes {
    /// @notice One workload.
    struct Job {
        bytes32 id;
        Spec spec;
        uint256 program;
        uint256 fee;
        uint256 maxRunTime;
        uint256 redundancy;
        uint256 rescue;
        uint8 class;
        uint256 rules;
        Phase phase;
        Outcome outcome;
        uint256 round;
        uint256 epoch;
        uint256 responseWindow;
        uint256 drawnAt;
        uint256 undrawn;
        uint256 commits;
        bool closed;
        bool released;
        uint256 closedAt;
        uint256 cancelAskedAt;
        bool dutyEnded;
        uint256 paid;
        uint256 refunded;
        uint256 burned;
        uint256 bounties;
        bool judged;
        uint256 potCut;
        uint256 winning;
        uint256 committeePaid;
        bool recorded;
    }

    /// @notice One seat's part in one workload: a slot drawn for it, or a commit to an open slot.
    struct Place {
        uint256 job;
        uint256 seat;
        address operator;
        bool open;
        uint256 slot;
        SlotState state;
        bool inTime;
        bool vacated;
        FailReason reason;
        uint256 order;
        uint256 committedAt;
        uint256 answeredAt;
        bytes proof;
        bytes32 salt;
        uint160 commitment;
        bool good;
        uint256 slashes;
        uint256 pays;
        uint256 rank;
        uint256 paid;
    }

    /// @notice One seat of the registry.
    struct SeatBook {
        address operator;
        uint8 class;
        SeatStatus status;
        uint256 floor;
        uint256 bond;
        uint256 unlockAt;
        uint256 leftEpoch;
        uint256 declineWeek;
        uint256 declines;
        uint256 streak;
        uint256 newest;
        uint256 fromEpoch;
    }

    /// @notice The active set of a class from an epoch on, in the order of its positions.
    struct SetVersion {
        uint256 fromEpoch;
        uint256[] seats;
    }

    /// @notice A program of the handler.
    struct ProgramBook {
        bytes32 id;
        uint8 class;
        bool binds;
        bool judged;
        Pin pin;
    }

    uint256 internal constant GWEI_UNIT = 1e9;
    uint256 internal constant OPEN = 15;
    /// @dev Class of the validators.
    uint8 internal constant VALIDATORS = 2;
    /// @dev Class whose seats solve a puzzle.
    uint8 internal constant CHECKED = 1;
    uint256 internal constant WEEK = 7 days;
    bytes internal constant PUBLIC_INPUTS = "public inputs of every workload";

    /// @notice How often something worth reaching happened.
    mapping(string happening => uint256 count) public seen;

    Job[] internal _jobs;
    Place[] internal _places;
    ProgramBook[] internal _programs;
    Rules[] internal _rules;

    uint256[] internal _live;
    uint256[] internal _ended;

    mapping(uint256 job => uint256[] places) internal _placesOf;
    mapping(uint256 job => mapping(address operator => bool did)) internal _committedOpen;
    mapping(uint256 seat => SeatBook book) internal _seats;
    mapping(uint256 seat => uint256[] places) internal _unsettled;
    mapping(uint8 class => SetVersion[] versions) internal _sets;
    mapping(uint8 class => ClassTerms terms) internal _terms;
    mapping(uint8 class => ClassBond bond) internal _bonds;
    /// @dev Terms of a class that wait, and the first second they count; zero: none do.
    mapping(uint8 class => ClassBond bond) internal _waitingTerms;
    mapping(uint8 class => uint256 time) internal _waitingUntil;
    mapping(address operator => bool isAdmitted) internal _admitted;
    bool internal _admissionOpen;

    mapping(address account => uint256 amount) internal _balance;
    mapping(address account => uint256 next) internal _nonce;
    mapping(address account => uint256 number) internal _number;
    mapping(address account => uint256 amount) internal _wallet;
    mapping(address account => uint256 amount) internal _bounty;
    mapping(address account => uint256 amount) internal _feesToBurn;
    mapping(address account => uint256 amount) internal _slashesToBurn;

    uint256 internal _accounts;
    uint256 internal _seatCount;
    uint256 internal _supply;
    uint256 internal _clock;
    uint256 internal _genesis;
    uint256 internal _epochLength;
    uint256 internal _cooldown;

    // ─── Time ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Epochs are numbered from 1.
    function _epochNow() internal view returns (uint256) {
        return 1 + (_clock - _genesis) / _epochLength;
    }

    // ─── Places ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Writes a new place; it becomes the newest of its seat.
    function _addPlace(uint256 job, uint256 seat, bool open, uint256 slot) internal returns (Place storage p) {
        uint256 id = _places.length;
        p = _places.push();
        p.job = job;
        p.seat = seat;
        p.operator = _seats[seat].operator;
        p.open = open;
        p.slot = slot;
        _placesOf[job].push(id);
        _unsettled[seat].push(id);
        _seats[seat].newest = id + 1;
    }

    /// @dev The unsettled place of `seat` in `job`, plus one; zero when there is none.
    function _placeOf(uint256 job, uint256 seat) internal view returns (uint256) {
        uint256[] storage ids = _unsettled[seat];
        for (uint256 i; i < ids.length; ++i) if (_places[ids[i]].job == job) return ids[i] + 1;
        return 0;
    }

    /// @dev Takes a place off its seat's list of unsettled ones.
    function _settlePlace(uint256 id) internal {
        Place storage p = _places[id];
        p.state = SlotState.Free;
        uint256[] storage ids = _unsettled[p.seat];
        for (uint256 i; i < ids.length; ++i) {
            if (ids[i] != id) continue;
            ids[i] = ids[ids.length - 1];
            ids.pop();
            return;
        }
    }

    /// @dev Whether a place keeps its seat at work.
    function _atWork(SlotState state) internal pure returns (bool) {
        return state == SlotState.Assigned || state == SlotState.Accepted;
    }

    /// @dev Whether a place has a commit, revealed or not.
    function _hasCommit(SlotState state) internal pure returns (bool) {
        return
            state == SlotState.Committed ||
            state == SlotState.Valid ||
            state == SlotState.Invalid ||
            state == SlotState.Revealed;
    }

    /// @dev Whether the seat is at work.
    function _isAtWork(uint256 seat) internal view returns (bool) {
        uint256[] storage ids = _unsettled[seat];
        for (uint256 i; i < ids.length; ++i) if (_atWork(_places[ids[i]].state)) return true;
        return false;
    }

    /// @dev Whether the seat can take new work: it is not at work and remembers at most three unsettled places beside the new one.
    function _isFree(uint256 seat) internal view returns (bool) {
        return !_isAtWork(seat) && _unsettled[seat].length <= 3;
    }

    // ─── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Pays part of a fee to an account; `bounty` for the two bounties.
    function _payFrom(Job storage job, address to, uint256 amount, bool bounty) internal {
        _balance[to] += amount;
        if (bounty) job.bounties += amount;
        else job.paid += amount;
    }

    /// @dev Gives part of a fee back.
    function _refundFrom(Job storage job, uint256 amount) internal {
        _balance[job.spec.requester] += amount;
        job.refunded += amount;
    }

    /// @dev Ends a workload; what its fee did not pay or refund burns, booked with whoever ended it.
    function _end(uint256 index, Outcome outcome, bool dutyEnded, address ender) internal {
        Job storage job = _jobs[index];
        job.phase = Phase.Final;
        job.outcome = outcome;
        job.dutyEnded = dutyEnded;
        job.burned = job.fee - job.paid - job.refunded - job.bounties;
        _feesToBurn[ender] += job.burned;
        for (uint256 i; i < _live.length; ++i) {
            if (_live[i] != index) continue;
            _live[i] = _live[_live.length - 1];
            _live.pop();
            break;
        }
        _ended.push(index);
    }
}
