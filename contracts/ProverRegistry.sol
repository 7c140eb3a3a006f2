// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {DirectOwner} from "./access/DirectOwner.sol";
import {IProverRegistry} from "./interfaces/IProverRegistry.sol";
import {ISeatHolder} from "./interfaces/ISeatHolder.sol";
import {ISeatQualifier} from "./interfaces/ISeatQualifier.sol";
import {Permutation} from "./libraries/Permutation.sol";
import {Recipient} from "./libraries/Recipient.sol";
import {SeatHistory} from "./libraries/SeatHistory.sol";

/// @title Prover registry
/// @notice MONEY. Holds bonds only. balance = Σ bonds + Σ bounties due + Σ slashed parts waiting to be burned.
/// TIME. An epoch is `epochLength` seconds. A join or a leave counts from the next epoch.
/// DRAWS. {draw} reads the set as it was in an epoch at most three back; leavers stay drawable for those, and slashable until
/// they withdraw. A seat's price floor cannot change while a draw could still name it.
/// CHANGES. New slash and decline terms of a class count from a cooldown after they were set: no workload that was live then meets them, and
/// whoever disagrees is out with its bond before.
/// ROLES. The owner admits operators, until it opens admission for ever, and sets class bonds within bounds; it cannot touch a bond. The
/// market slashes and drops, the committee does so with seats it has drawn. Qualification activates seats of classes with a puzzle, and evicts.
/// EXTERNAL CALLS. The token (ours, no hooks), the market's view {ISeatHolder-isHeld}, and {ISeatQualifier-mustQualify}.
contract ProverRegistry is IProverRegistry, DirectOwner {
    using SafeERC20 for ERC20Burnable;
    using SeatHistory for uint256;

    /// @dev Hot word of a seat: what a draw needs.
    struct SeatCore {
        address operator;
        uint40 priceFloor;
        uint8 class;
        SeatStatus status;
        uint24 position;
    }

    /// @dev Parameters of a class in one word: those in force, and the terms that take their place at `nextAt`; zero: none do.
    struct StoredClass {
        uint96 bond;
        uint16 slashBps;
        uint16 bountyBps;
        uint8 declineQuota;
        uint16 nextSlashBps;
        uint16 nextBountyBps;
        uint8 nextDeclineQuota;
        uint40 nextAt;
    }

    /// @dev What came of an account's reports.
    struct Report {
        uint128 bounty;
        uint128 burn;
    }

    /// @dev Cold word of a seat: bond and discipline.
    struct SeatLedger {
        uint96 bond;
        uint40 unlockAt;
        uint24 leftEpoch;
        uint32 declineWeek;
        uint8 declines;
        uint24 fromEpoch;
    }

    /// @notice Seats one call can stake: keeps the call well inside a block.
    uint256 public constant MAX_SEATS_PER_CALL = 64;
    /// @notice Epochs after leaving in which draws of earlier workloads can still name a seat; equals the market's assign window.
    uint256 public constant DRAWABLE_EPOCHS = 3;
    /// @notice A slash takes at most half of a bond, so that one outage never ends an operator.
    uint256 public constant MAX_SLASH_BPS = 5000;
    /// @notice At most a tenth of a slash goes to the reporter: reporting oneself must always cost (docs/threat-model.md).
    uint256 public constant MAX_BOUNTY_BPS = 1000;
    /// @notice At most a twentieth of a bond is prepaid for an eviction: being away costs little, holding seats without machines adds up.
    uint256 public constant MAX_CHARGE_BPS = 500;
    /// @notice Epoch numbers have 24 bits: with four seconds they last two years, with the ten minutes of a real network three hundred.
    uint256 public constant MIN_EPOCH = 4;
    uint256 private constant BPS = 10_000;

    /// @notice The token bonds are held in.
    ERC20Burnable public immutable token;
    /// @inheritdoc IProverRegistry
    address public immutable market;
    /// @inheritdoc IProverRegistry
    address public immutable relay;
    /// @inheritdoc IProverRegistry
    address public immutable qualification;
    /// @inheritdoc IProverRegistry
    address public immutable committee;
    /// @inheritdoc IProverRegistry
    uint256 public immutable epochLength;
    /// @inheritdoc IProverRegistry
    uint256 public immutable genesis;
    /// @inheritdoc IProverRegistry
    uint256 public immutable cooldown;

    /// @notice Whether anyone can stake. Never false again once true. In the word of the pending owner.
    bool public isOpen;
    mapping(uint8 class => StoredClass params) private _classes;
    /// @notice Whether an operator may stake while {isOpen} is false.
    mapping(address operator => bool admitted) public admitted;
    /// @notice What slashes a reporter reported left to it and to be burned. Both in one word, which a slash writes once.
    mapping(address reporter => Report report) public reports;
    /// @notice Number of seats ever staked; ids run from 1.
    uint256 public seatCount;

    mapping(uint256 seat => SeatCore core) private _core;
    mapping(uint256 seat => SeatLedger ledger) private _ledger;
    mapping(uint8 class => uint256 history) private _setSize;
    mapping(uint8 class => mapping(uint256 position => uint256 history)) private _seatAt;

    modifier onlyMarket() {
        if (msg.sender != market) revert OnlyMarket(msg.sender, market);
        _;
    }

    modifier onlyQualification() {
        if (msg.sender != qualification) revert OnlyQualification(msg.sender, qualification);
        _;
    }

    /// @dev The market's and the committee's acts. The committee names only seats it has drawn itself.
    modifier onlyPeer() {
        if (msg.sender != market && msg.sender != committee) revert OnlyPeer(msg.sender, market, committee);
        _;
    }

    /// @param token_ Token of the bonds.
    /// @param peers Contracts with a role here; their addresses are known before they are deployed, so all can be immutable.
    /// @param owner_ Admits operators and sets class bonds.
    /// @param epochLength_ Seconds, 4 to 1 day.
    /// @param cooldown_ Seconds between leaving and withdrawal.
    constructor(
        ERC20Burnable token_,
        Peers memory peers,
        address owner_,
        uint256 epochLength_,
        uint256 cooldown_
    ) Ownable(owner_) DirectOwner(peers.relay) {
        _checkPeer("market", uint160(peers.market), 1, type(uint160).max);
        _checkPeer("committee", uint160(peers.committee), 1, type(uint160).max);
        _checkPeer("epochLength", epochLength_, MIN_EPOCH, 1 days);
        _checkPeer("cooldown", cooldown_, 1, type(uint256).max);
        token = token_;
        market = peers.market;
        relay = peers.relay;
        qualification = peers.qualification;
        committee = peers.committee;
        epochLength = epochLength_;
        cooldown = cooldown_;
        genesis = block.timestamp;
    }

    // ─── Owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Puts an operator on, or takes it off, the list. Seats it has already staked stay.
    /// @param operator Account.
    /// @param isAdmitted New state.
    /// @custom:bound not after {openAdmission}; seats staked before stay, and can rejoin and withdraw
    function admit(address operator, bool isAdmitted) external onlyOwner {
        if (isOpen) revert AdmissionIsOpen();
        admitted[operator] = isAdmitted;
        emit OperatorAdmitted(operator, isAdmitted);
    }

    /// @notice Ends the list: from now on anyone can stake. This cannot be undone, by the owner or by anyone.
    /// @custom:bound once and for ever
    function openAdmission() external onlyOwner {
        if (isOpen) revert AdmissionIsOpen();
        isOpen = true;
        emit AdmissionOpened();
    }

    /// @notice Creates a class, or changes its bond for seats staked or topped up from now on and its other terms from a cooldown ahead on. Setting
    /// the terms in force takes back those that wait.
    /// @param class Hardware class.
    /// @param params New parameters; the bond can change but never to zero.
    /// @custom:bound bond > 0, slash ≤ {MAX_SLASH_BPS}, bounty ≤ {MAX_BOUNTY_BPS}; slash, bounty and quota of a class that exists change after the
    /// cooldown, so for no workload that was live
    function setClassBond(uint8 class, ClassBond calldata params) external onlyOwner {
        _checkClassBond("bond", params.bond, 1, type(uint256).max);
        _checkClassBond("slashBps", params.slashBps, 0, MAX_SLASH_BPS);
        _checkClassBond("bountyBps", params.bountyBps, 0, MAX_BOUNTY_BPS);
        ClassBond memory now_ = classBonds(class);
        bool waits =
            now_.bond != 0 &&
                (now_.slashBps != params.slashBps ||
                    now_.bountyBps != params.bountyBps ||
                    now_.declineQuota != params.declineQuota);
        uint256 from = waits ? block.timestamp + cooldown : block.timestamp;
        if (!waits) now_ = params;
        _classes[class] = StoredClass({
            bond: params.bond,
            slashBps: now_.slashBps,
            bountyBps: now_.bountyBps,
            declineQuota: now_.declineQuota,
            nextSlashBps: params.slashBps,
            nextBountyBps: params.bountyBps,
            nextDeclineQuota: params.declineQuota,
            nextAt: waits ? uint40(from) : 0
        });
        emit ClassBondSet(class, params, from);
    }

    // ─── Operators ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IProverRegistry
    /// @custom:bound 1 to {MAX_SEATS_PER_CALL} seats a call, the full bond of the class each
    function stake(uint8 class, uint256 count, uint40 priceFloor) external returns (uint256 firstSeat) {
        if (!isOpen && !admitted[_msgSender()]) revert OperatorNotAdmitted(_msgSender());
        if (count == 0 || count > MAX_SEATS_PER_CALL) revert InvalidSeatCount(count, 1, MAX_SEATS_PER_CALL);
        uint96 bond = _fullBond(class);
        firstSeat = seatCount + 1;
        seatCount += count;
        // Seat ids have 24 bits in the history of the active set.
        if (seatCount > type(uint24).max) revert InvalidSeatCount(count, 1, uint256(type(uint24).max) + 1 - firstSeat);
        SeatCore memory core = SeatCore(_msgSender(), priceFloor, class, SeatStatus.Inactive, 0);
        bool mustQualify = _mustQualify(class);
        for (uint256 seat = firstSeat; seat < firstSeat + count; ++seat) {
            _ledger[seat].bond = bond;
            emit Staked(seat, _msgSender(), class, bond);
            if (mustQualify) _wait(seat, core);
            else _enter(seat, core);
        }
        token.safeTransferFrom(_msgSender(), address(this), bond * count);
    }

    /// @inheritdoc IProverRegistry
    function join(uint256[] calldata seats, uint40 priceFloor) external {
        for (uint256 i; i < seats.length; ++i) {
            uint256 seat = seats[i];
            SeatCore memory core = _own(seat);
            SeatLedger storage ledger = _ledger[seat];
            if (core.status == SeatStatus.Active) revert WrongSeatStatus(seat, core.status);
            bool mustQualify = _mustQualify(core.class);
            // A dropped seat sits out its cooldown, and where seats are checked a leaving one too: else it would be away for every check.
            // Any other only waits until no draw can name it with its old price floor.
            bool mustCool = core.status == SeatStatus.Dropped || (mustQualify && core.status == SeatStatus.Leaving);
            if (mustCool && block.timestamp < ledger.unlockAt)
                revert CoolingDown(seat, block.timestamp, ledger.unlockAt);
            uint256 rejoins = ledger.leftEpoch + DRAWABLE_EPOCHS + 1;
            if (currentEpoch() < rejoins) revert RejoinTooEarly(seat, currentEpoch(), rejoins);
            uint256 full = _fullBond(core.class);
            if (ledger.bond < full) revert BondIncomplete(seat, ledger.bond, full);
            ledger.unlockAt = 0;
            core.priceFloor = priceFloor;
            if (mustQualify) _wait(seat, core);
            else _enter(seat, core);
        }
    }

    /// @inheritdoc IProverRegistry
    function leaveSet(uint256[] calldata seats) external {
        for (uint256 i; i < seats.length; ++i) {
            uint256 seat = seats[i];
            SeatCore memory core = _own(seat);
            if (core.status == SeatStatus.Active) _exit(seat, core);
            else if (core.status != SeatStatus.Inactive) revert WrongSeatStatus(seat, core.status);
            _core[seat].status = SeatStatus.Leaving;
            emit Left(seat, _msgSender(), _startCooldown(seat));
        }
    }

    /// @inheritdoc IProverRegistry
    function topUp(uint256 seat) external {
        SeatCore memory core = _own(seat);
        uint96 full = _fullBond(core.class);
        uint96 have = _ledger[seat].bond;
        if (have >= full) revert NothingDue();
        _ledger[seat].bond = full;
        emit ToppedUp(seat, _msgSender(), full - have);
        token.safeTransferFrom(_msgSender(), address(this), full - have);
    }

    /// @inheritdoc IProverRegistry
    function withdraw(uint256[] calldata seats, address to) external {
        Recipient.check(to, market);
        uint256 total;
        for (uint256 i; i < seats.length; ++i) {
            uint256 seat = seats[i];
            SeatCore memory core = _own(seat);
            SeatLedger memory ledger = _ledger[seat];
            if (core.status != SeatStatus.Leaving && core.status != SeatStatus.Dropped)
                revert WrongSeatStatus(seat, core.status);
            if (block.timestamp < ledger.unlockAt) revert CoolingDown(seat, block.timestamp, ledger.unlockAt);
            // The cooldown outlasts every workload the seat can be in; this also covers one nobody has settled yet.
            if (ISeatHolder(market).isHeld(seat)) revert SeatHeld(seat);
            delete _core[seat];
            delete _ledger[seat];
            total += ledger.bond;
            emit Withdrawn(seat, _msgSender(), to, ledger.bond);
        }
        if (total == 0) revert NothingDue();
        token.safeTransfer(to, total);
    }

    /// @inheritdoc IProverRegistry
    function withdrawBounty(address to) external {
        Recipient.check(to, market);
        uint256 amount = reports[_msgSender()].bounty;
        if (amount == 0) revert NothingDue();
        reports[_msgSender()].bounty = 0;
        emit BountyWithdrawn(_msgSender(), to, amount);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IProverRegistry
    function burnSlashes(address[] calldata reporters) external {
        uint256 amount;
        for (uint256 i; i < reporters.length; ++i) {
            amount += reports[reporters[i]].burn;
            reports[reporters[i]].burn = 0;
        }
        if (amount == 0) revert NothingDue();
        emit SlashesBurned(amount);
        token.burn(amount);
    }

    // ─── Market ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IProverRegistry
    /// @custom:bound at most the slash share of the seat's own bond
    function slash(uint256 seat, address reporter) external onlyPeer {
        SeatCore memory core = _core[seat];
        ClassBond memory params = classBonds(core.class);
        uint256 amount = _take(seat, params.slashBps);
        uint256 bounty = reporter == core.operator ? 0 : (amount * params.bountyBps) / BPS;
        _report(reporter, bounty, amount - bounty);
        if (core.status == SeatStatus.Active) {
            _exit(seat, core);
            _core[seat].status = SeatStatus.Inactive;
        }
        emit Slashed(seat, core.operator, amount, reporter, bounty);
    }

    /// @inheritdoc IProverRegistry
    /// @custom:bound takes no bond; the cooldown must pass
    function drop(uint256 seat) external onlyPeer {
        _drop(seat, _core[seat]);
    }

    /// @inheritdoc IProverRegistry
    /// @custom:bound a drop above the quota of the class; takes no bond
    function countDecline(uint256 seat) external onlyMarket {
        SeatCore memory core = _core[seat];
        SeatLedger storage ledger = _ledger[seat];
        uint32 week = uint32(block.timestamp / 1 weeks);
        uint8 declines = ledger.declineWeek == week ? ledger.declines : 0;
        if (declines < type(uint8).max) ++declines;
        ledger.declineWeek = week;
        ledger.declines = declines;
        uint256 quota = classBonds(core.class).declineQuota;
        emit DeclineCounted(seat, declines, quota);
        if (declines > quota) _drop(seat, core);
    }

    // ─── Qualification ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IProverRegistry
    /// @custom:bound only a seat that waits with its full bond
    function activate(uint256 seat) external onlyQualification {
        SeatCore memory core = _core[seat];
        if (core.status != SeatStatus.Inactive) revert WrongSeatStatus(seat, core.status);
        uint256 full = _fullBond(core.class);
        if (_ledger[seat].bond < full) revert BondIncomplete(seat, _ledger[seat].bond, full);
        _enter(seat, core);
    }

    /// @inheritdoc IProverRegistry
    /// @custom:bound at most {MAX_CHARGE_BPS} of the bond
    function evict(
        uint256 seat,
        address evictor,
        uint256 chargeBps
    ) external onlyQualification returns (bool isEvicted) {
        SeatCore memory core = _core[seat];
        if (core.status != SeatStatus.Active && core.status != SeatStatus.Leaving) return false;
        if (chargeBps > MAX_CHARGE_BPS) chargeBps = MAX_CHARGE_BPS;
        // Half burns: whoever evicts its own seats, under whatever name, pays for it.
        uint256 charge = _take(seat, chargeBps);
        uint256 bounty = evictor == core.operator ? 0 : charge / 2;
        _report(evictor, bounty, charge - bounty);
        emit Evicted(seat, core.operator, evictor, charge, bounty);
        _drop(seat, core);
        return true;
    }

    // ─── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IProverRegistry
    function draw(
        uint8 class,
        bytes32 seed,
        uint256 epoch,
        uint256 from,
        uint256 count
    ) external view returns (uint256[] memory candidates) {
        if (epoch + DRAWABLE_EPOCHS < currentEpoch()) revert EpochTooOld(epoch, currentEpoch() - DRAWABLE_EPOCHS);
        uint256[] memory positions = Permutation.prefix(seed, _setSize[class].valueAt(epoch), from + count);
        if (from >= positions.length) return candidates;
        uint256 length = positions.length - from;
        // The tail of an array is an array, once its length stands before it; its positions give way to their candidates.
        assembly ("memory-safe") {
            candidates := add(positions, shl(5, from))
            mstore(candidates, length)
        }
        mapping(uint256 position => uint256 history) storage seatAt = _seatAt[class];
        for (uint256 i; i < length; ++i) {
            uint256 seat = seatAt[candidates[i]].valueAt(epoch);
            SeatCore storage core = _core[seat];
            uint256 word;
            // From bit 0: operator 160 | price floor 40 | class 8 | status 8. Three fields one by one would be three reads.
            assembly ("memory-safe") {
                word := sload(core.slot)
            }
            candidates[i] =
                (word << 96) |
                (uint256(uint40(word >> 160)) << 48) |
                (uint256(uint8(word >> 208)) << 24) |
                seat;
        }
    }

    /// @inheritdoc IProverRegistry
    function seatOf(uint256 seat) external view returns (Seat memory) {
        SeatCore memory core = _core[seat];
        SeatLedger memory ledger = _ledger[seat];
        bool thisWeek = ledger.declineWeek == uint32(block.timestamp / 1 weeks);
        return
            Seat({
                operator: core.operator,
                priceFloor: core.priceFloor,
                class: core.class,
                status: core.status,
                bond: ledger.bond,
                unlockAt: ledger.unlockAt,
                declines: thisWeek ? ledger.declines : 0
            });
    }

    /// @inheritdoc IProverRegistry
    function standing(uint256 seat) external view returns (address operator, uint8 class, bool active) {
        SeatCore storage core = _core[seat];
        return (core.operator, core.class, core.status == SeatStatus.Active);
    }

    /// @inheritdoc IProverRegistry
    function membershipOf(uint256 seat) external view returns (Membership memory) {
        SeatCore storage core = _core[seat];
        SeatLedger storage ledger = _ledger[seat];
        return Membership(core.operator, core.class, core.status, ledger.fromEpoch, ledger.leftEpoch);
    }

    /// @inheritdoc IProverRegistry
    function classBonds(uint8 class) public view returns (ClassBond memory) {
        StoredClass memory c = _classes[class];
        if (c.nextAt == 0 || block.timestamp < c.nextAt)
            return ClassBond(c.bond, c.slashBps, c.bountyBps, c.declineQuota);
        return ClassBond(c.bond, c.nextSlashBps, c.nextBountyBps, c.nextDeclineQuota);
    }

    /// @inheritdoc IProverRegistry
    function nextClassBond(uint8 class) external view returns (ClassBond memory params, uint256 from) {
        StoredClass memory c = _classes[class];
        if (block.timestamp >= c.nextAt) return (classBonds(class), 0);
        return (ClassBond(c.bond, c.nextSlashBps, c.nextBountyBps, c.nextDeclineQuota), c.nextAt);
    }

    /// @inheritdoc IProverRegistry
    function activeSeats(uint8 class, uint256 epoch) external view returns (uint256) {
        return _setSize[class].valueAt(epoch);
    }

    /// @inheritdoc IProverRegistry
    function currentEpoch() public view returns (uint256) {
        return (block.timestamp - genesis) / epochLength + 1;
    }

    // ─── Internal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _checkPeer(bytes32 what, uint256 have, uint256 least, uint256 most) private pure {
        if (have < least || have > most) revert InvalidPeers(what, have, least, most);
    }

    function _checkClassBond(bytes32 parameter, uint256 have, uint256 least, uint256 most) private pure {
        if (have < least || have > most) revert InvalidClassBond(parameter, have, least, most);
    }

    /// @dev Stores a bonded seat that has to qualify.
    function _wait(uint256 seat, SeatCore memory core) private {
        core.status = SeatStatus.Inactive;
        _core[seat] = core;
        emit Waiting(seat, core.operator, core.priceFloor);
    }

    /// @dev Appends the seat to its class's set from the next epoch on and stores its hot word.
    function _enter(uint256 seat, SeatCore memory core) private {
        uint256 epoch = currentEpoch() + 1;
        uint256 size = _setSize[core.class];
        uint256 position = size.newest();
        _setSize[core.class] = size.push(epoch, position + 1);
        _seatAt[core.class][position] = _seatAt[core.class][position].push(epoch, seat);
        core.position = uint24(position);
        core.status = SeatStatus.Active;
        _core[seat] = core;
        _ledger[seat].fromEpoch = uint24(epoch);
        emit Joined(seat, core.operator, core.priceFloor, epoch);
    }

    /// @dev Takes the seat out of its class's set from the next epoch on: the last seat moves to its position. The caller sets the status.
    function _exit(uint256 seat, SeatCore memory core) private {
        uint256 epoch = currentEpoch() + 1;
        uint256 size = _setSize[core.class];
        uint256 last = size.newest() - 1;
        if (core.position != last) {
            uint256 moved = _seatAt[core.class][last].newest();
            _seatAt[core.class][core.position] = _seatAt[core.class][core.position].push(epoch, moved);
            _core[moved].position = core.position;
        }
        _setSize[core.class] = size.push(epoch, last);
        _ledger[seat].leftEpoch = uint24(epoch - 1);
    }

    /// @dev Puts a seat out of the set. A leaving one keeps its cooldown but can no longer rejoin before it is over, so that leaving is no
    /// way around a drop; a seat that is neither active nor leaving stays as it is.
    function _drop(uint256 seat, SeatCore memory core) private {
        if (core.status == SeatStatus.Active) {
            _exit(seat, core);
            _startCooldown(seat);
        } else if (core.status != SeatStatus.Leaving) {
            return;
        }
        _core[seat].status = SeatStatus.Dropped;
        emit Dropped(seat, core.operator, _ledger[seat].unlockAt);
    }

    /// @dev Takes a part of what a seat has bonded. What the class asks for today does not matter: nobody can lower a penalty or raise it.
    function _take(uint256 seat, uint256 bps) private returns (uint256 amount) {
        uint256 bond = _ledger[seat].bond;
        amount = (bond * bps) / BPS;
        _ledger[seat].bond = uint96(bond - amount);
    }

    /// @dev Books what a report brings its reporter and what of it burns.
    function _report(address reporter, uint256 bounty, uint256 burn) private {
        Report memory report = reports[reporter];
        reports[reporter] = Report(report.bounty + uint128(bounty), report.burn + uint128(burn));
    }

    function _startCooldown(uint256 seat) private returns (uint256 unlockAt) {
        unlockAt = block.timestamp + cooldown;
        _ledger[seat].unlockAt = uint40(unlockAt);
    }

    function _own(uint256 seat) private view returns (SeatCore memory core) {
        core = _core[seat];
        if (core.operator != _msgSender()) revert NotSeatOperator(seat, _msgSender(), core.operator);
    }

    function _mustQualify(uint8 class) private view returns (bool) {
        return qualification != address(0) && ISeatQualifier(qualification).mustQualify(class);
    }

    function _fullBond(uint8 class) private view returns (uint96 bond) {
        bond = _classes[class].bond;
        if (bond == 0) revert UnknownClass(class);
    }
}
