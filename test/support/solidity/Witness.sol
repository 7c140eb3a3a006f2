// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {Committee} from "../../../contracts/Committee.sol";
import {IBeacon} from "../../../contracts/interfaces/IBeacon.sol";
import {ProverRegistry} from "../../../contracts/ProverRegistry.sol";
import {IMarket, IMarketEvents} from "../../../contracts/interfaces/IMarket.sol";
import {IProverRegistryEvents} from "../../../contracts/interfaces/IProverRegistry.sol";
import {Candidate} from "../../../contracts/libraries/Candidate.sol";
import {Terms} from "../../../contracts/libraries/Terms.sol";
import {Test} from "./Test.sol";
import {Vm} from "./Vm.sol";

/// @title What happened in a unit test: every workload from its events, each with the second in which it was seen
/// @notice Fixtures show it the events before each step of the clock. Events of calls that were reverted are among them, for the test runner records
/// those too; what the market's state does not confirm is passed over. INV-06, INV-07 and INV-15 are asserted as it goes, for the registry forgets sets.
abstract contract Witness is Test, IMarketEvents {
    using Candidate for uint256;

    /// @notice A workload. `closedAt`: the second of its close; `members`: what a committee got together.
    struct Seen {
        Spec spec;
        uint256 round;
        uint256 epoch;
        bytes32 rules;
        bytes32 candidates;
        uint256 startedAt;
        uint256 closedAt;
        bool isReleased;
        uint256 endedAt;
        Outcome outcome;
        uint256 paid;
        uint256 refunded;
        uint256 burned;
        uint256 members;
        uint256[] seats;
    }

    /// @notice A seat's part in a workload.
    struct Part {
        bool isListed;
        bool hasAnswered;
        bool hasAccepted;
        bool hasCommitted;
        bool isSlashed;
        address operator;
        uint256 slot;
        uint256 order;
        uint256 committedAt;
        uint256 rank;
        uint256 paid;
    }

    uint256 internal constant OPEN = 15;
    uint256 internal constant ASSIGN_EPOCHS = 3;
    /// @dev Candidates compared when a frozen set is looked at again: all that a workload of eight slots can have.
    uint256 private constant PROBED = 24;

    IMarket internal immutable market;
    ProverRegistry internal immutable registry;
    Committee internal immutable committee;
    ERC20Burnable internal immutable token;

    bytes32[] internal workloads;
    mapping(bytes32 workload => Seen seen) internal seenOf;
    mapping(bytes32 workload => mapping(uint256 seat => Part part)) internal partOf;

    /// @dev Every seat that was ever staked.
    uint256[] internal stakedSeats;
    /// @dev Whose money is added up.
    address[] internal accounts;
    /// @dev Rules seen so far are numbers 1 to this one.
    uint256 internal rulesCount;

    mapping(address account => bool isWatched) private _isWatched;
    mapping(uint256 seat => bool isStaked) private _isStaked;

    constructor(IMarket market_, ProverRegistry registry_, Committee committee_, ERC20Burnable token_) {
        (market, registry, committee, token) = (market_, registry_, committee_, token_);
    }

    /// @notice Adds an account to those whose money is added up. Who shows in an event of market or registry is added without it.
    function watch(address who) public {
        if (_isWatched[who]) return;
        _isWatched[who] = true;
        accounts.push(who);
    }

    /// @notice Takes note of events, all of this second.
    function takeNote(Vm.Log[] calldata logs) external {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == address(market)) _observeMarket(logs[i]);
            else if (logs[i].topics[0] == IProverRegistryEvents.Staked.selector) _staked(logs[i]);
        }
    }

    function _staked(Vm.Log calldata log) private {
        uint256 seat = uint256(log.topics[1]);
        watch(_account(log.topics[2]));
        if (_isStaked[seat]) return;
        _isStaked[seat] = true;
        stakedSeats.push(seat);
    }

    function _observeMarket(Vm.Log calldata log) private {
        bytes32 kind = log.topics[0];
        if (kind == Submitted.selector) _submitted(log);
        else if (kind == Assigned.selector) _assigned(log);
        else if (kind == Finished.selector) _finished(log);
        else if (kind == Deposited.selector) watch(_account(log.topics[1]));
        else if (kind == RulesAdded.selector) rulesCount = uint256(log.topics[1]);
        else if (log.topics.length > 1 && seenOf[log.topics[1]].rules != 0) _observeWorkload(log, kind, log.topics[1]);
    }

    function _observeWorkload(Vm.Log calldata log, bytes32 kind, bytes32 workload) private {
        Seen storage s = seenOf[workload];
        if (kind == CommitsClosed.selector)
            (s.closedAt, s.isReleased) = (block.timestamp, abi.decode(log.data, (bool)));
        if (kind == Judged.selector) {
            (, uint256 members, uint256 each) = abi.decode(log.data, (uint256, uint256, uint256));
            s.members = members * each;
        }
        if (log.topics.length < 3) return;
        uint256 seat = uint256(log.topics[2]);
        Part storage part = partOf[workload][seat];
        if (kind == Accepted.selector) (part.hasAnswered, part.hasAccepted) = (true, true);
        else if (kind == Declined.selector || kind == Failed.selector) part.hasAnswered = true;
        else if (kind == Committed.selector) _committed(log, s, part, seat);
        else if (kind == SlotSettled.selector && market.workloadOf(workload).phase == Phase.Final) {
            (part.rank, part.paid) = abi.decode(log.data, (uint256, uint256));
            // A lone proof is paid at once, without a commit.
            if (part.committedAt == 0) part.committedAt = block.timestamp;
        } else if (kind == Silent.selector) _silent(s, part, workload, seat);
    }

    function _submitted(Vm.Log calldata log) private {
        bytes32 workload = log.topics[1];
        Seen storage s = seenOf[workload];
        WorkloadState memory state = market.workloadOf(workload);
        if (state.phase == Phase.None || s.rules != 0) return;
        watch(_account(log.topics[2]));
        (s.spec.requester, s.spec.program) = (_account(log.topics[2]), log.topics[3]);
        (s.spec.inputs, s.spec.publicInputs, s.spec.deliveryKey, s.spec.terms, ) = abi.decode(
            log.data,
            (bytes32, bytes32, bytes32, uint256, string)
        );
        (s.round, s.epoch) = (state.round, state.epoch);
        s.rules = keccak256(abi.encode(market.rulesOf(Terms.wrap(s.spec.terms).rules())));
        if (state.phase == Phase.Pending) s.candidates = _probe(s);
        workloads.push(workload);
    }

    function _assigned(Vm.Log calldata log) private {
        bytes32 workload = log.topics[1];
        Seen storage s = seenOf[workload];
        if (s.rules == 0 || market.workloadOf(workload).phase < Phase.Proving) return;
        watch(_account(log.topics[2]));
        s.startedAt = block.timestamp;
        uint256[] memory drawn = abi.decode(log.data, (uint256[]));
        Terms terms = Terms.wrap(s.spec.terms);
        if (s.candidates != 0) {
            checkFrozen(workload);
            _checkSequence(s, terms, workload, drawn);
        }
        for (uint256 i; i < drawn.length; ++i) {
            uint256 seat = drawn[i].seat();
            for (uint256 k; k < i; ++k) assertTrue(drawn[k].seat() != seat, "INV-07 candidates are distinct");
            (, uint8 class, ) = registry.standing(seat);
            assertEq(class, terms.class(), "INV-07 candidates are of the class");
            if (drawn[i].was(Draw.Drawn)) _list(s, partOf[workload][seat], seat);
        }
    }

    /// @dev The event names the candidates that the beacon's value draws from the frozen set.
    function _checkSequence(Seen storage s, Terms terms, bytes32 workload, uint256[] memory drawn) private view {
        IBeacon beacon = IBeacon(market.rulesOf(terms.rules()).beacon);
        bytes32 seed = keccak256(abi.encode(beacon.value(uint32(s.round)), workload));
        uint256[] memory again = registry.draw(terms.class(), seed, s.epoch, 0, drawn.length);
        assertEq(drawn.length, again.length, "INV-07 candidates are as many as the set has");
        for (uint256 i; i < drawn.length; ++i)
            assertEq(drawn[i].seat(), again[i].seat(), "INV-07 candidates are nobody's choice");
    }

    /// @notice INV-15: what a workload draws from is what it was when it was submitted.
    function checkFrozen(bytes32 workload) internal view {
        Seen storage s = seenOf[workload];
        if (s.candidates == 0 || registry.currentEpoch() > s.epoch + ASSIGN_EPOCHS) return;
        assertEq(_probe(s), s.candidates, "INV-15 candidates are those of the frozen set");
    }

    function _probe(Seen storage s) private view returns (bytes32 sequence) {
        uint8 class = Terms.wrap(s.spec.terms).class();
        uint256[] memory words = registry.draw(class, s.spec.inputs, s.epoch, 0, PROBED);
        // Seats alone: their status may change.
        for (uint256 i; i < words.length; ++i) sequence = keccak256(abi.encode(sequence, words[i].seat()));
    }

    function _committed(Vm.Log calldata log, Seen storage s, Part storage part, uint256 seat) private {
        (part.hasAnswered, part.hasCommitted) = (true, true);
        (part.slot, part.order, ) = abi.decode(log.data, (uint256, uint256, uint160));
        part.committedAt = block.timestamp;
        _list(s, part, seat);
    }

    /// @dev INV-06: a slash needs a seat with no answer from the draw through the silence window, and happens once for an assignment.
    function _silent(Seen storage s, Part storage part, bytes32 workload, uint256 seat) private {
        // Where the seat still owes the answer the report was reverted, for another seat of its list.
        if (market.slotOf(workload, seat).state == SlotState.Assigned) return;
        uint256 silence = market.rulesOf(Terms.wrap(s.spec.terms).rules()).silenceWindow;
        assertLt(s.startedAt + silence, block.timestamp, "INV-06 nobody is slashed within the silence window");
        assertTrue(part.isListed && !part.hasAnswered, "INV-06 nobody is slashed who was not drawn or answered");
        assertFalse(part.isSlashed, "INV-06 nobody is slashed twice for an assignment");
        assertFalse(s.isReleased, "INV-06 nobody is slashed after a release");
        part.isSlashed = true;
    }

    function _finished(Vm.Log calldata log) private {
        bytes32 workload = log.topics[1];
        Seen storage s = seenOf[workload];
        if (s.rules == 0 || market.workloadOf(workload).phase != Phase.Final) return;
        s.endedAt = block.timestamp;
        (s.outcome, s.paid, s.refunded, s.burned) = abi.decode(log.data, (Outcome, uint256, uint256, uint256));
    }

    function _list(Seen storage s, Part storage part, uint256 seat) private {
        if (part.isListed) return;
        part.isListed = true;
        (part.operator, , ) = registry.standing(seat);
        s.seats.push(seat);
    }

    function _account(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
