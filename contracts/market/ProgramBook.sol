// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Program registry: whoever is admitted deploys, nobody changes
abstract contract ProgramBook is WorkloadStore, IMarketExtension {
    /// @notice Most gas a verifier may ask for: half a block of 30 M leaves room for everything around it.
    uint256 public constant MAX_VERIFIER_GAS = 15_000_000;

    /// @inheritdoc IMarketExtension
    function deployProgram(Program calldata program, string calldata uri) external returns (bytes32 id) {
        bool judged = program.verifier == address(0);
        if (program.prover == 0 || (judged ? !_canBeJudged(program) : !_canBeVerified(program)))
            revert InvalidProgram();
        bytes32 codeHash = judged ? bytes32(0) : program.verifier.codehash;
        id = keccak256(abi.encode(block.chainid, address(this), program, codeHash));
        if (_programs[id].deployed) return id;
        _checkAdmitted(AccessList.Deployers, _msgSender());
        _programs[id] = StoredProgram({
            verifier: program.verifier,
            verifierGas: program.verifierGas,
            class: program.class,
            bindsProver: program.bindsProver,
            deployed: true,
            codeHash: codeHash
        });
        emit ProgramDeployed(id, _msgSender(), program, codeHash, uri);
    }

    /// @inheritdoc IMarketExtension
    function programOf(
        bytes32 program
    )
        external
        view
        returns (address verifier, bytes32 codeHash, uint32 verifierGas, uint8 class, bool bindsProver, bool judged)
    {
        StoredProgram memory p = _programs[program];
        judged = p.deployed && p.verifier == address(0);
        return (p.verifier, p.codeHash, p.verifierGas, p.class, p.bindsProver, judged);
    }

    /// @dev A program without a contract needs the program that the committee runs, and nothing that only a contract can do.
    function _canBeJudged(Program calldata program) private pure returns (bool) {
        return program.verifierProgram != 0 && program.verifierGas == 0 && !program.bindsProver;
    }

    function _canBeVerified(Program calldata program) private view returns (bool) {
        bytes memory code = program.verifier.code;
        // An account that delegates (EIP-7702) can change what it runs without changing its code hash.
        bool own = code.length != 0 && bytes3(code) != 0xef0100;
        return own && program.verifierGas != 0 && program.verifierGas <= MAX_VERIFIER_GAS;
    }
}
