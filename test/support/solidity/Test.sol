// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @title Base of every Solidity test: cheat codes and assertions
abstract contract Test {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev An account that exists for its name alone.
    function account(string memory name) internal returns (address made) {
        made = address(uint160(uint256(keccak256(bytes(name)))));
        vm.label(made, name);
    }

    function assertEq(uint256 left, uint256 right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(address left, address right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(bytes32 left, bytes32 right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(bytes memory left, bytes memory right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(string memory left, string memory right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(uint256[] memory left, uint256[] memory right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertTrue(bool condition, string memory message) internal pure {
        vm.assertTrue(condition, message);
    }

    function assertFalse(bool condition, string memory message) internal pure {
        vm.assertTrue(!condition, message);
    }

    function assertLt(uint256 left, uint256 right, string memory message) internal pure {
        vm.assertLt(left, right, message);
    }

    function assertLe(uint256 left, uint256 right, string memory message) internal pure {
        vm.assertLe(left, right, message);
    }

    /// @dev Moves the clock. The events of a second are seen before the next begins.
    function warp(uint256 time) internal {
        startLogs();
        vm.warp(time);
    }

    /// @dev Forgets the events up to here: those that {takeLogs} and {countLogs} know come after.
    function startLogs() internal {
        takeLogs();
        vm.recordLogs();
    }

    /// @dev The events since {startLogs}, or since they were taken last, by any contract.
    function takeLogs() internal returns (Vm.Log[] memory logs) {
        logs = vm.getRecordedLogs();
        if (logs.length != 0) observe(logs);
    }

    /// @dev A state to come back to by {restore}.
    function snapshot() internal returns (uint256) {
        startLogs();
        return vm.snapshotState();
    }

    /// @dev Undoes everything since {snapshot}. What is undone did not happen, so its events are not seen either.
    function restore(uint256 id) internal {
        vm.recordLogs();
        vm.revertToState(id);
    }

    /// @dev For fixtures that take note of what happens; each event is passed once, in the second of its block.
    // solhint-disable-next-line no-empty-blocks
    function observe(Vm.Log[] memory) internal virtual {}

    /// @dev How many events of a kind were emitted since {startLogs}, by any contract.
    function countLogs(bytes32 topic) internal returns (uint256 count) {
        Vm.Log[] memory logs = takeLogs();
        for (uint256 i; i < logs.length; ++i) if (logs[i].topics[0] == topic) ++count;
    }

    /// @dev Brings a fuzzed number into `low … high`, both included.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        return value >= low && value <= high ? value : low + (value % (high - low + 1));
    }

    function pair(uint256 a, uint256 b) internal pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (a, b);
    }

    function one(uint256 a) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = a;
    }

    function three(uint256 a, uint256 b, uint256 c) internal pure returns (uint256[] memory list) {
        list = new uint256[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function none() internal pure returns (uint256[] memory list) {
        return list;
    }
}
