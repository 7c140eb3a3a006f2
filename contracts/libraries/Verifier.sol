// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How a program's proofs are verified, in one word
/// @notice From bit 0: verifier contract 160 | gas 32 | class 8 | binds prover 1 | deployed 1. Where a committee judges, contract and gas are zero.
/// The last bit is set in every program's word, so that a stored word of zero means that there is no such program.
type Verifier is uint256;

using VerifierLib for Verifier global;

/// @title Reading and packing {Verifier}
library VerifierLib {
    uint256 private constant GAS = 160;
    uint256 private constant CLASS = 192;
    uint256 private constant BINDS = 200;
    uint256 private constant DEPLOYED = 1 << 201;

    /// @notice Packs what a program says of its verifier.
    function pack(address account_, uint32 gas_, uint8 class_, bool binds) internal pure returns (Verifier) {
        return
            Verifier.wrap(
                uint256(uint160(account_)) |
                    (uint256(gas_) << GAS) |
                    (uint256(class_) << CLASS) |
                    (uint256(binds ? 1 : 0) << BINDS) |
                    DEPLOYED
            );
    }

    /// @notice Whether there is such a program.
    function exists(Verifier v) internal pure returns (bool) {
        return Verifier.unwrap(v) != 0;
    }

    /// @notice The verifier contract.
    function account(Verifier v) internal pure returns (address) {
        return address(uint160(Verifier.unwrap(v)));
    }

    /// @notice Gas one verification may use.
    function gasLimit(Verifier v) internal pure returns (uint32) {
        return uint32(Verifier.unwrap(v) >> GAS);
    }

    /// @notice Hardware class of the provers.
    function class(Verifier v) internal pure returns (uint8) {
        return uint8(Verifier.unwrap(v) >> CLASS);
    }

    /// @notice Whether the proof binds the prover's address.
    function bindsProver(Verifier v) internal pure returns (bool) {
        return (Verifier.unwrap(v) >> BINDS) & 1 == 1;
    }
}
