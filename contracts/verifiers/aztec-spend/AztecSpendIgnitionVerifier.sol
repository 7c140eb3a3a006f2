// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HonkProofVerifier} from "../HonkProofVerifier.sol";
import {HonkIgnition} from "./HonkIgnition.sol";

/// @title Verifier of the program aztec-spend
/// @notice Public inputs: root, nullifier, value commitment (programs/aztec-spend/README.md). The parameters come from the public Ignition
/// ceremony: a proof could be forged only if all of its participants had colluded.
// solhint-disable-next-line no-empty-blocks
contract AztecSpendIgnitionVerifier is HonkIgnition, HonkProofVerifier {}
