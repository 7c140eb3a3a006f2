// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQualificationErrors, IQualificationEvents} from "../../../contracts/interfaces/IQualification.sol";
import {IProverRegistryErrors, IProverRegistryEvents} from "../../../contracts/interfaces/IProverRegistry.sol";
import {HashcashPuzzle} from "../../../contracts/puzzles/HashcashPuzzle.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// @title The market of the tests, whose class has a puzzle from now on
/// @notice The five seats of the market fixture are active. Helpers that act make exactly one call, by the right account.
abstract contract QualificationFixture is
    MarketFixture,
    IQualificationErrors,
    IQualificationEvents,
    IProverRegistryErrors,
    IProverRegistryEvents
{
    uint24 internal constant WINDOW = 480;
    uint32 internal constant PERIOD = 8 hours;
    uint16 internal constant FRACTION = 3333;
    uint8 internal constant EXCUSES = 2;
    uint16 internal constant CHARGE_BPS = 100;
    /// @dev What an eviction takes from a bond.
    uint256 internal constant CHARGE = 10 ether;
    uint64 internal constant WORK = 32;
    uint256 internal constant COUNT = 6;

    HashcashPuzzle internal puzzle;

    function setUp() public virtual override {
        super.setUp();
        puzzle = new HashcashPuzzle(WORK, COUNT);
        setPolicy(aPolicy());
    }

    function aPolicy() internal view returns (Policy memory) {
        return Policy(address(puzzle), WINDOW, PERIOD, FRACTION, EXCUSES, address(beacon), CHARGE_BPS);
    }

    function setPolicy(Policy memory policy) internal {
        vm.prank(owner);
        qualification.setPolicy(CLASS, policy);
    }

    // ─── Checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Opens the next check as soon as it is due.
    function open() internal returns (uint256 check) {
        (, , uint40 nextAt) = qualification.scheduleOf(CLASS);
        if (block.timestamp < nextAt) warp(nextAt);
        check = qualification.open(CLASS);
    }

    /// @dev Opens the next check, puts a value on chain and starts it.
    function run(bytes32 value) internal returns (uint256 check) {
        check = open();
        begin(check, value);
    }

    /// @dev Opens and starts a check that selects these operators and not those.
    function runFor(address[] memory selected, address[] memory spared) internal returns (uint256) {
        return run(valueFor(selected, spared));
    }

    /// @dev Opens and starts a check that selects Alice and not Bob.
    function runForAlice() internal returns (uint256) {
        return runFor(list(alice), list(bob));
    }

    function begin(uint256 check, bytes32 value) internal {
        beacon.publish(qualification.checkOf(CLASS, check).round, value);
        qualification.start(CLASS);
    }

    /// @dev A beacon value by which a check selects these operators and not those.
    function valueFor(address[] memory selected, address[] memory spared) internal pure returns (bytes32 value) {
        for (uint256 i = 1; i < 5000; ++i) {
            value = bytes32(i);
            bool fits = true;
            for (uint256 k; fits && k < selected.length; ++k) fits = drawn(value, selected[k]);
            for (uint256 k; fits && k < spared.length; ++k) fits = !drawn(value, spared[k]);
            if (fits) return value;
        }
        revert("no value selects these operators");
    }

    /// @dev The rule of selection, from the design and not from the contract.
    function drawn(bytes32 value, address operator) internal pure returns (bool) {
        return uint256(keccak256(abi.encode(value, operator))) % 10_000 < FRACTION;
    }

    function list(address a) internal pure returns (address[] memory made) {
        made = new address[](1);
        made[0] = a;
    }

    function list(address a, address b) internal pure returns (address[] memory made) {
        made = new address[](2);
        (made[0], made[1]) = (a, b);
    }

    /// @dev Last second in which the newest check takes answers.
    function windowEnd() internal view returns (uint256) {
        (, uint32 newest, ) = qualification.scheduleOf(CLASS);
        return uint256(qualification.checkOf(CLASS, newest).startedAt) + WINDOW;
    }

    // ─── Answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The numbers that solve the hashcash of a seed.
    function solve(bytes32 seed) internal pure returns (bytes memory solution) {
        uint256 number;
        for (uint256 found; found < COUNT; ++number) {
            if (uint256(keccak256(abi.encode(seed, number))) >= type(uint256).max / WORK) continue;
            solution = bytes.concat(solution, bytes6(uint48(number)));
            ++found;
        }
    }

    /// @dev What the seat answers in the newest check.
    function solutionOf(uint256 seat) internal view returns (bytes memory) {
        (, uint32 newest, ) = qualification.scheduleOf(CLASS);
        return solve(qualification.seedOf(CLASS, newest, seat));
    }

    function answer(uint256 seat) internal {
        bytes memory solution = solutionOf(seat);
        answerWith(seat, solution);
    }

    function answerWith(uint256 seat, bytes memory solution) internal {
        vm.prank(operatorOf[seat]);
        qualification.answer(seat, solution);
    }

    function excuse(uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        qualification.excuse(one(seat));
    }

    function evict(uint256 check, uint256[] memory seats) internal {
        vm.prank(keeper);
        qualification.evict(CLASS, check, seats);
    }

    /// @dev A second seat of an operator, waiting to join.
    function waitingSeat(address operator) internal returns (uint256 seat) {
        seat = stake(operator, 1, 0);
    }

    function join(uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        registry.join(one(seat), 0);
    }

    function topUp(uint256 seat, uint256 amount) internal {
        token.transfer(operatorOf[seat], amount);
        vm.prank(operatorOf[seat]);
        token.approve(address(registry), amount);
        vm.prank(operatorOf[seat]);
        registry.topUp(seat);
    }
}
