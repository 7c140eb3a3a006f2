// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HonkProofVerifier} from "../HonkProofVerifier.sol";
import {HonkDevelopment} from "./HonkDevelopment.sol";

/// @title Verifier of the program aztec-spend with development parameters
/// @notice Public inputs: root, nullifier, value commitment (programs/aztec-spend/README.md). The secret behind the parameters is public:
/// anyone can forge a proof. For development networks only.
// solhint-disable-next-line no-empty-blocks
contract AztecSpendDevelopmentVerifier is HonkDevelopment, HonkProofVerifier {}
