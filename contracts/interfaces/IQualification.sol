// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeatQualifier} from "./ISeatQualifier.sol";

/// @title Types of qualification
interface IQualificationTypes {
    /// @notice How the seats of a class qualify. Written once under a number; a check keeps the policy it was opened with.
    /// @param puzzle The {IPuzzle} that seats solve. Zero: the class has none, seats join directly.
    /// @param window Seconds from the start of a check in which seats answer. Least 1, at most an hour.
    /// @param period Seconds between two checks of the class. At least twice the window, at most half of the registry's cooldown.
    /// @param fractionBps Part of the operators that one check selects, in basis points, 1 to 10,000.
    /// @param excuses Times in a row that a busy seat may put its answer off to the next check, at most 7.
    /// @param beacon The {IBeacon} whose rounds seed the checks.
    /// @param chargeBps Part of the bond prepaid for its eviction, in basis points, at most 500. Half of it is the evictor's.
    struct Policy {
        address puzzle;
        uint24 window;
        uint32 period;
        uint16 fractionBps;
        uint8 excuses;
        address beacon;
        uint16 chargeBps;
    }

    /// @notice One check of a class.
    /// @param round Beacon round fixed when it was opened.
    /// @param epoch Registry epoch in which it was opened: seats active in it can be selected.
    /// @param policy Number of its policy.
    /// @param startedAt Unix time from which the window counts; zero before the round is on chain.
    /// @param startBy Last Unix time at which it may start; one that has not is void and evicts nobody.
    /// @param seed Value of the round; zero before the start.
    struct Check {
        uint32 round;
        uint24 epoch;
        uint16 policy;
        uint40 startedAt;
        uint40 startBy;
        bytes32 seed;
    }

    /// @notice What is remembered of a seat.
    /// @param check Number of the last check that it answered or was excused from.
    /// @param excuses Excuses since its last answer; above zero every check selects it.
    struct Record {
        uint32 check;
        uint8 excuses;
    }
}

/// @title Errors of qualification
interface IQualificationErrors {
    /// @notice The registry does not name this contract as its qualification.
    error NotNamedByRegistry(address have, address want);
    /// @notice A parameter of the policy is outside its bounds; `parameter` is its name, of a contract `have` is the length of its code.
    error InvalidPolicy(bytes32 parameter, uint256 have, uint256 least, uint256 most);
    /// @notice Seats of the class join without a puzzle.
    error NoPuzzle(uint8 class);
    /// @notice The next check of the class may be opened from `from` on, if its window fits before the one after it.
    error NotDue(uint8 class, uint256 have, uint256 from);
    /// @notice The round's value is not on chain yet.
    error RoundMissing(uint32 round);
    /// @notice The check has started already.
    error StartedAlready(uint8 class, uint256 check);
    /// @notice The check did not start in time: it is void.
    error CheckVoid(uint8 class, uint256 check, uint256 have, uint256 startBy);
    /// @notice The check has not started: there is no such check, or its round is not recorded.
    error NotStarted(uint8 class, uint256 check);
    /// @notice The window of the check ended at `until`.
    error WindowOver(uint256 have, uint256 until);
    /// @notice The window of the check is open through `until`: nobody is evicted before.
    error WindowOpen(uint256 have, uint256 until);
    /// @notice The caller is not the seat's operator.
    error NotSeatsOperator(uint256 seat, address have, address want);
    /// @notice The seat is of another class than the check.
    error WrongClass(uint256 seat, uint8 have, uint8 want);
    /// @notice The check does not ask the seat for anything.
    error NotSelected(uint256 seat, uint256 check);
    /// @notice The seat has answered this check or a later one, or is excused from it.
    error AnsweredAlready(uint256 seat, uint256 check);
    /// @notice The puzzle does not accept the solution.
    error WrongSolution(uint256 seat);
    /// @notice Only a seat at work is excused.
    error NotBusy(uint256 seat);
    /// @notice The seat was excused as often as its class allows: it has to answer.
    error NoExcuseLeft(uint256 seat, uint256 have, uint256 most);
    /// @notice None of the seats could be evicted: they answered, were evicted before, or are gone.
    error NobodyEvicted();
}

/// @title Events of qualification
interface IQualificationEvents is IQualificationTypes {
    /// @notice A class got a policy; number 0: it has no puzzle any more.
    event PolicySet(uint8 indexed class, uint256 number, Policy policy);
    /// @notice A check was opened: its round and the set of seats it can select are fixed.
    event CheckOpened(uint8 indexed class, uint256 indexed check, uint256 round, uint256 epoch, uint256 startBy);
    /// @notice A check's round is on chain; answers count through second `until`.
    event CheckStarted(uint8 indexed class, uint256 indexed check, bytes32 seed, uint256 until);
    /// @notice A seat solved its puzzle.
    event Answered(uint256 indexed seat, uint256 indexed check);
    /// @notice A seat at work put its answer off; `excuses` in a row now.
    event Excused(uint256 indexed seat, uint256 indexed check, uint256 excuses);
    /// @notice A selected seat did not answer and was put out of the active set.
    event Missing(uint256 indexed seat, uint256 indexed check, address evictor);
}

/// @title Qualification: seats prove the machines behind them
/// @notice A class with a puzzle is checked on a schedule. A check fixes a future beacon round and freezes the class's active set; when the round
/// is on chain its window starts. In the window
/// - waiting seats solve the puzzle to join the active set: joining and staying use the same window, so a machine that serves one
///   seat in it cannot serve another, whichever of the two it is asked for;
/// - active seats of the selected operators solve it to stay, or are excused while at work.
/// Afterwards anyone evicts selected seats that did neither. What a check asks of whom is a pure function of its seed and the operator
/// (and of excuses still owed): nothing is stored for the others (docs/qualification.md).
interface IQualification is ISeatQualifier, IQualificationErrors, IQualificationEvents {
    /// @notice Gives a class a new policy for checks opened from now on. Only the owner.
    /// @param class Hardware class.
    /// @param policy The policy; a zero puzzle ends qualification of the class.
    /// @return number Its number; 0 for a zero puzzle.
    function setPolicy(uint8 class, Policy calldata policy) external returns (uint256 number);

    /// @notice Opens the class's next check when it is due: fixes its beacon round and its set of seats. Anyone may call.
    /// @param class Hardware class.
    /// @return check Number of the check, from 1.
    function open(uint8 class) external returns (uint256 check);

    /// @notice Records the round of the class's newest check and starts its window. Anyone may call.
    /// @param class Hardware class.
    function start(uint8 class) external;

    /// @notice Solves the puzzle of a seat in the newest check of its class: a waiting seat joins the active set, a selected one stays.
    /// @param seat Seat of the caller.
    /// @param solution Solution for {seedOf} the seat.
    function answer(uint256 seat, bytes calldata solution) external;

    /// @notice Puts off the answers of selected seats at work; until they answer, every later check selects them.
    /// @param seats Seats of the caller, of one class.
    function excuse(uint256[] calldata seats) external;

    /// @notice Puts selected seats that neither answered nor were excused out of the active set. The caller earns half of the prepaid part
    /// of their bonds, the rest burns. Seats that left the set or were evicted meanwhile are passed over.
    /// @param class Hardware class.
    /// @param check Number of the check.
    /// @param seats Seats, all of them selected.
    function evict(uint8 class, uint256 check, uint256[] calldata seats) external;

    /// @notice A policy.
    /// @param number Its number, from 1.
    /// @return The policy; all zero when there is none.
    function policyOf(uint256 number) external view returns (Policy memory);

    /// @notice Where the checks of a class stand.
    /// @param class Hardware class.
    /// @return policy Number of the policy of the next check; 0: none.
    /// @return newest Number of the newest check; 0: none.
    /// @return nextAt Unix time from which the next check may be opened.
    function scheduleOf(uint8 class) external view returns (uint16 policy, uint32 newest, uint40 nextAt);

    /// @notice A check.
    /// @param class Hardware class.
    /// @param check Its number.
    /// @return The check; all zero when there is none.
    function checkOf(uint8 class, uint256 check) external view returns (Check memory);

    /// @notice What is remembered of a seat.
    /// @param seat Seat id.
    /// @return Its record.
    function recordOf(uint256 seat) external view returns (Record memory);

    /// @notice Whether a check asks a seat of the active set for an answer, by its draw or because the seat was excused before.
    /// @param class Hardware class.
    /// @param check Number of a started check.
    /// @param seat Seat id.
    /// @return Whether it does.
    function isSelected(uint8 class, uint256 check, uint256 seat) external view returns (bool);

    /// @notice The seed of a seat's puzzle in a check.
    /// @param class Hardware class.
    /// @param check Number of a started check.
    /// @param seat Seat id.
    /// @return seed The seed.
    function seedOf(uint8 class, uint256 check, uint256 seat) external view returns (bytes32 seed);
}
