// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Program registry: anyone deploys, nobody changes
abstract contract ProgramBook is WorkloadStore, IMarketExtension {
    /// @notice Most gas a verifier may ask for: half a block of 30 M leaves room for everything around it.
    uint256 public constant MAX_VERIFIER_GAS = 15_000_000;

    /// @inheritdoc IMarketExtension
    function deployProgram(Program calldata program, string calldata uri) external returns (bytes32 id) {
        bytes32 codeHash = program.verifier.codehash;
        if (
            program.verifier.code.length == 0 ||
            // An account that delegates (EIP-7702) can change what it runs without changing its code hash.
            bytes3(program.verifier.code) == 0xef0100 ||
            program.verifierGas == 0 ||
            program.verifierGas > MAX_VERIFIER_GAS ||
            program.prover == 0
        ) revert InvalidProgram();
        id = keccak256(abi.encode(block.chainid, address(this), program, codeHash));
        if (_programs[id].verifier != address(0)) return id;
        _programs[id] = StoredProgram({
            verifier: program.verifier,
            verifierGas: program.verifierGas,
            class: program.class,
            bindsProver: program.bindsProver,
            codeHash: codeHash
        });
        emit ProgramDeployed(id, _msgSender(), program, codeHash, uri);
    }

    /// @inheritdoc IMarketExtension
    function programOf(
        bytes32 program
    ) external view returns (address verifier, bytes32 codeHash, uint32 verifierGas, uint8 class, bool bindsProver) {
        StoredProgram memory p = _programs[program];
        return (p.verifier, p.codeHash, p.verifierGas, p.class, p.bindsProver);
    }
}
