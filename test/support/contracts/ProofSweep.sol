// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Asks a verifier contract for every byte of a proof
/// @notice For tests: thousands of calls from outside would take minutes.
contract ProofSweep {
    /// @notice Changes one bit of a byte, then of the next, and calls the verifier each time.
    /// @param verifier The contract
    /// @param cap Gas that each call gets
    /// @param data The call of its `verify` with an honest proof
    /// @param from First byte of `data` that is changed
    /// @param to Behind the last one
    /// @param step Every byte, or every so manieth
    /// @return honest Whether the unchanged proof is valid
    /// @return accepted How many changed ones are valid
    /// @return last The last byte of `data` whose change is accepted
    function sweep(
        address verifier,
        uint256 cap,
        bytes memory data,
        uint256 from,
        uint256 to,
        uint256 step
    ) external view returns (bool honest, uint256 accepted, uint256 last) {
        honest = _isValid(verifier, cap, data);
        for (uint256 index = from; index < to; index += step) {
            bytes1 old = data[index];
            data[index] = old ^ bytes1(uint8(1 << (index % 8)));
            if (_isValid(verifier, cap, data)) {
                ++accepted;
                last = index;
            }
            data[index] = old;
        }
    }

    /// @dev As the market does: anything but the word 1 means "not valid".
    function _isValid(address verifier, uint256 cap, bytes memory data) private view returns (bool valid) {
        assembly ("memory-safe") {
            mstore(0, 0)
            let ok := staticcall(cap, verifier, add(data, 0x20), mload(data), 0, 0x20)
            valid := and(and(ok, eq(returndatasize(), 0x20)), eq(mload(0), 1))
        }
    }
}
