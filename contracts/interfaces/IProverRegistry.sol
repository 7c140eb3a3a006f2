// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Types of the prover registry
interface IProverRegistryTypes {
    /// @notice Where a seat is in its life (design §5).
    /// @dev None: never staked, or withdrawn. Inactive: bonded, not drawable; where seats qualify, waiting to. Active: drawable. Leaving: still drawable for the
    /// workloads submitted before it left, then cooling down. Dropped: put out of the active set, must cool down to rejoin.
    enum SeatStatus {
        None,
        Inactive,
        Active,
        Leaving,
        Dropped
    }

    /// @notice Everything the registry knows of a seat.
    /// @param operator Account that staked it; only it acts for the seat.
    /// @param priceFloor Lowest fee the seat works for, in gwei of the token (1e-9) per second of maximum run time and slot.
    /// @param class Hardware class.
    /// @param status See {SeatStatus}.
    /// @param bond Token amount bonded now; below the class's full bond the seat cannot be active.
    /// @param unlockAt Unix time from which a leaving or dropped seat may be withdrawn (dropped: may rejoin); zero otherwise.
    /// @param declines Declines counted in the current week.
    struct Seat {
        address operator;
        uint40 priceFloor;
        uint8 class;
        SeatStatus status;
        uint96 bond;
        uint40 unlockAt;
        uint8 declines;
    }

    /// @notice Contracts that have a role in the registry, fixed at deployment.
    /// @param market Slashes, drops, and alone counts declines.
    /// @param relay Trusted to name the account it calls for; see {Relay}.
    /// @param qualification The only contract that can activate seats of a class with a puzzle, and evict; zero: no class has one.
    /// @param committee Slashes and drops seats that it has drawn; see {Committee}.
    struct Peers {
        address market;
        address relay;
        address qualification;
        address committee;
    }

    /// @notice Since when a seat is, and until when it was, in the active set.
    /// @param operator Account that staked it.
    /// @param class Hardware class.
    /// @param status See {SeatStatus}.
    /// @param fromEpoch First epoch whose set holds it since it last joined; zero: it never did.
    /// @param leftEpoch Last epoch whose set held it before it last left; meaningless while it is active.
    struct Membership {
        address operator;
        uint8 class;
        SeatStatus status;
        uint24 fromEpoch;
        uint24 leftEpoch;
    }

    /// @notice Parameters of a hardware class.
    /// @param bond Full bond of one seat, in token units. Zero: the class does not exist.
    /// @param slashBps Part of what a seat has bonded that silence costs, in basis points.
    /// @param bountyBps Part of the slash that goes to the reporter, in basis points.
    /// @param declineQuota Declines allowed a week; one more drops the seat.
    struct ClassBond {
        uint96 bond;
        uint16 slashBps;
        uint16 bountyBps;
        uint8 declineQuota;
    }
}

/// @title Errors of the prover registry
interface IProverRegistryErrors {
    /// @notice The operator is not on the list of admitted operators (the network is permissioned at this stage).
    error OperatorNotAdmitted(address operator);
    /// @notice Anyone can stake, for ever: there is no list any more.
    error AdmissionIsOpen();
    /// @notice The hardware class does not exist.
    error UnknownClass(uint8 class);
    /// @notice A class parameter is outside its bounds; `parameter` is its name.
    error InvalidClassBond(bytes32 parameter, uint256 have, uint256 least, uint256 most);
    /// @notice Between 1 and 64 seats can be staked in one call.
    error InvalidSeatCount(uint256 have, uint256 least, uint256 most);
    /// @notice The caller is not the seat's operator.
    error NotSeatOperator(uint256 seat, address have, address want);
    /// @notice The seat is in a status that does not allow this act.
    error WrongSeatStatus(uint256 seat, IProverRegistryTypes.SeatStatus have);
    /// @notice The seat's bond is below the full bond of its class: top it up first.
    error BondIncomplete(uint256 seat, uint256 have, uint256 want);
    /// @notice The seat's cooldown is not over.
    error CoolingDown(uint256 seat, uint256 have, uint256 until);
    /// @notice The seat left the active set too recently to rejoin: draws of that time could still name it.
    error RejoinTooEarly(uint256 seat, uint256 have, uint256 from);
    /// @notice The seat holds an unanswered or accepted slot of a workload: answer it or have it settled first.
    error SeatHeld(uint256 seat);
    /// @notice Only the market may call this.
    error OnlyMarket(address have, address want);
    /// @notice Only the qualification contract may call this.
    error OnlyQualification(address have, address want);
    /// @notice Only the market and, for seats it can draw, the committee may call this.
    error OnlyPeer(address have, address market, address committee);
    /// @notice A peer's address is missing, or an epoch or the cooldown is out of bounds; `what` is its name, of an address `have` is 0.
    error InvalidPeers(bytes32 what, uint256 have, uint256 least, uint256 most);
    /// @notice There is nothing to withdraw or burn.
    error NothingDue();
    /// @notice The requested epoch is too old for the stored history of the active set.
    error EpochTooOld(uint256 have, uint256 least);
}

/// @title Events of the prover registry
interface IProverRegistryEvents is IProverRegistryTypes {
    /// @notice An operator was put on, or taken off, the list of admitted operators.
    event OperatorAdmitted(address indexed operator, bool admitted);
    /// @notice From now on anyone can stake; the list of admitted operators means nothing any more.
    event AdmissionOpened();
    /// @notice A class was created or its parameters change: the bond at once, and seats staked before keep what they bonded; the rest at `from`.
    event ClassBondSet(uint8 indexed class, ClassBond params, uint256 from);
    /// @notice A seat was bonded.
    event Staked(uint256 indexed seat, address indexed operator, uint8 indexed class, uint256 bond);
    /// @notice A seat joined the active set; it is drawable for workloads submitted from `fromEpoch` on.
    event Joined(uint256 indexed seat, address indexed operator, uint256 priceFloor, uint256 fromEpoch);
    /// @notice A seat is bonded and waits for a check of its class, to join by solving the puzzle.
    event Waiting(uint256 indexed seat, address indexed operator, uint256 priceFloor);
    /// @notice A seat did not answer a check: `charge` was taken from its bond, `bounty` of it is the evictor's, the rest burns.
    event Evicted(uint256 indexed seat, address indexed operator, address evictor, uint256 charge, uint256 bounty);
    /// @notice A seat left the active set by its operator's wish; its bond unlocks at `unlockAt`.
    event Left(uint256 indexed seat, address indexed operator, uint256 unlockAt);
    /// @notice A seat was put out of the active set: too many misses, declines above the quota, or a check it did not answer.
    event Dropped(uint256 indexed seat, address indexed operator, uint256 until);
    /// @notice A seat was silent through a whole silence window, or signed two different verdicts, and lost part of its bond.
    event Slashed(uint256 indexed seat, address indexed operator, uint256 amount, address reporter, uint256 bounty);
    /// @notice A seat's bond was brought back to the full bond of its class.
    event ToppedUp(uint256 indexed seat, address indexed operator, uint256 amount);
    /// @notice A seat's bond was paid out and the seat is gone.
    event Withdrawn(uint256 indexed seat, address indexed operator, address to, uint256 amount);
    /// @notice A decline was counted against the seat's weekly quota.
    event DeclineCounted(uint256 indexed seat, uint256 declines, uint256 quota);
    /// @notice A reporter took its bounties.
    event BountyWithdrawn(address indexed reporter, address to, uint256 amount);
    /// @notice Slashed bonds were burned.
    event SlashesBurned(uint256 amount);
}

/// @title Prover registry: bonded seats and the active set of each hardware class
/// @notice A seat is one machine's worth of stake: one equal bond, one class, one workload at a time (design §2, §5). Equal seats make
/// a uniform draw neutral to splitting an account. The active set is kept with per-index checkpoints, so a draw uses the
/// set that was in force when the workload was submitted, whatever happened since.
/// @dev Holds the bonds and nothing else: balance = bonds + bounties due + slashes not yet burned.
interface IProverRegistry is IProverRegistryErrors, IProverRegistryEvents {
    /// @notice Bonds `count` new seats of `class` and puts them into the active set from the next epoch on; where the class has a puzzle they
    /// wait for its next check instead, and join by solving it.
    /// @param class Hardware class.
    /// @param count Number of seats, 1 to 64.
    /// @param priceFloor Lowest fee in gwei of the token per second of maximum run time and slot; fixed while the seat is active.
    /// @return firstSeat The ids are `firstSeat … firstSeat + count − 1`.
    function stake(uint8 class, uint256 count, uint40 priceFloor) external returns (uint256 firstSeat);

    /// @notice Puts bonded seats that are not active back into the active set from the next epoch on; where the class has a puzzle they wait for
    /// its next check instead, and a seat that left sits out its whole cooldown first.
    /// @param seats Seat ids of the caller.
    /// @param priceFloor New price floor, as in {stake}.
    function join(uint256[] calldata seats, uint40 priceFloor) external;

    /// @notice Takes seats out of the active set and starts their cooldown. Workloads submitted up to now can still draw them.
    /// @param seats Seat ids of the caller.
    function leaveSet(uint256[] calldata seats) external;

    /// @notice Brings a seat's bond back to the full bond of its class.
    /// @param seat Seat id of the caller.
    function topUp(uint256 seat) external;

    /// @notice Pays out the bonds of seats whose cooldown is over. The seats are gone afterwards.
    /// @param seats Seat ids of the caller.
    /// @param to Receiver of the bonds.
    function withdraw(uint256[] calldata seats, address to) external;

    /// @notice Pays out the caller's reporter bounties.
    /// @param to Receiver.
    function withdrawBounty(address to) external;

    /// @notice Burns what was slashed on the reports of `reporters` and not given as a bounty. Anyone may call.
    /// @param reporters Accounts that reported.
    function burnSlashes(address[] calldata reporters) external;

    /// @notice Slashes a seat; only the market (for silence) and the committee (for two different verdicts) call it.
    /// @param seat Seat id.
    /// @param reporter Account that reported the silence; gets the bounty unless it is the slashed operator.
    function slash(uint256 seat, address reporter) external;

    /// @notice Puts a seat out of the active set after a streak of misses; only the market and the committee call it.
    /// @param seat Seat id.
    function drop(uint256 seat) external;

    /// @notice Counts a decline; above the weekly quota the seat is dropped. Only the market calls it.
    /// @param seat Seat id.
    function countDecline(uint256 seat) external;

    /// @notice Puts a waiting seat into the active set from the next epoch on; only the qualification contract calls it.
    /// @param seat Seat id.
    function activate(uint256 seat) external;

    /// @notice Drops a seat that did not answer a check and takes the prepaid part of its bond: half for the evictor unless it is the
    /// seat's operator, the rest burns. Only the qualification contract calls it.
    /// @param seat Seat id.
    /// @param evictor Account that found it.
    /// @param chargeBps Part of what the seat has bonded, in basis points; at most 500 count.
    /// @return isEvicted False when the seat is neither active nor leaving; then nothing happens.
    function evict(uint256 seat, address evictor, uint256 chargeBps) external returns (bool isEvicted);

    /// @notice Candidates `from … from + count − 1` of the draw: a prefix of a uniform random permutation of the class's active set as it was
    /// in `epoch`. A pure function of the arguments and of joins and leaves before that epoch (design §6, invariant 15).
    /// @param class Hardware class.
    /// @param seed Random seed of the draw.
    /// @param epoch Epoch whose set is drawn from; at most three epochs ago.
    /// @param from First candidate wanted.
    /// @param count Number of candidates wanted.
    /// @return candidates One word each: operator << 96 | price floor << 48 | status << 24 | seat. Shorter than `count` when the set is.
    function draw(
        uint8 class,
        bytes32 seed,
        uint256 epoch,
        uint256 from,
        uint256 count
    ) external view returns (uint256[] memory candidates);

    /// @notice The seat as it is now.
    /// @param seat Seat id.
    /// @return The seat; status None when it does not exist.
    function seatOf(uint256 seat) external view returns (Seat memory);

    /// @notice Operator, class and whether the seat is in the active set now; what the market needs for a commit to an open slot.
    /// @param seat Seat id.
    /// @return operator Account that staked it.
    /// @return class Hardware class.
    /// @return active Whether it is in the active set.
    function standing(uint256 seat) external view returns (address operator, uint8 class, bool active);

    /// @notice Since when a seat is, and until when it was, in the active set: what decides which checks ask it.
    /// @param seat Seat id.
    /// @return The membership; all zero when the seat does not exist.
    function membershipOf(uint256 seat) external view returns (Membership memory);

    /// @notice Parameters of a class, as they are in force.
    /// @param class Hardware class.
    /// @return See {ClassBond}; bond zero when the class does not exist.
    function classBonds(uint8 class) external view returns (ClassBond memory);

    /// @notice Parameters of a class as they will be once a change that waits is in force.
    /// @param class Hardware class.
    /// @return params See {ClassBond}.
    /// @return from First second they count; zero: no change waits.
    function nextClassBond(uint8 class) external view returns (ClassBond memory params, uint256 from);

    /// @notice Number of seats drawable in `epoch`.
    /// @param class Hardware class.
    /// @param epoch Epoch number.
    /// @return Number of seats.
    function activeSeats(uint8 class, uint256 epoch) external view returns (uint256);

    /// @notice The epoch of the current block's time. Joins and leaves count from the next one.
    /// @return Epoch number, from 1.
    function currentEpoch() external view returns (uint256);

    /// @notice The contract that can slash, drop and count a decline.
    /// @return The market's address.
    function market() external view returns (address);

    /// @notice The contract that is trusted to call for others, the same for the market.
    /// @return The relay's address.
    function relay() external view returns (address);

    /// @notice The only contract that can activate seats of classes with a puzzle, and evict.
    /// @return The qualification contract's address; zero: no class has a puzzle.
    function qualification() external view returns (address);

    /// @notice The contract that draws committees, and can slash and drop what it has drawn.
    /// @return The committee's address.
    function committee() external view returns (address);

    /// @notice Length of an epoch in seconds.
    /// @return Seconds.
    function epochLength() external view returns (uint256);

    /// @notice Start of epoch 1, Unix time.
    /// @return Unix time.
    function genesis() external view returns (uint256);

    /// @notice Seconds between leaving and withdrawal.
    /// @return Seconds.
    function cooldown() external view returns (uint256);
}
