// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {Verifier, VerifierLib} from "../libraries/Verifier.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Program registry: whoever is admitted deploys, nobody changes
abstract contract ProgramBook is WorkloadStore, IMarketExtension {
    /// @notice Most gas a verifier may ask for: half a block of 30 M leaves room for everything around it.
    uint256 public constant MAX_VERIFIER_GAS = 15_000_000;

    /// @inheritdoc IMarketExtension
    function deployProgram(Program calldata program, string calldata uri) external returns (bytes32 id) {
        bool judged = program.verifier == address(0);
        _checkPart("prover", program.prover == 0 ? 0 : 1, 1, 1);
        if (judged) _checkJudged(program);
        else _checkVerified(program);
        bytes32 codeHash = judged ? bytes32(0) : program.verifier.codehash;
        bytes32 packages = keccak256(abi.encode(program.prover, program.verifierProgram));
        Verifier verifier = VerifierLib.pack(program.verifier, program.verifierGas, program.class, program.bindsProver);
        id = _programIdOf(packages, verifier, codeHash);
        if (_programs[id].verifier.exists()) return id;
        _checkAdmitted(AccessList.Deployers, _msgSender());
        _programs[id] = StoredProgram({verifier: verifier, packages: packages, codeHash: codeHash});
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
        StoredProgram storage p = _programs[program];
        Verifier v = p.verifier;
        judged = v.exists() && v.account() == address(0);
        return (v.account(), p.codeHash, v.gasLimit(), v.class(), v.bindsProver(), judged);
    }

    /// @inheritdoc IMarketExtension
    function pinOf(bytes32 program) external view returns (Pin memory) {
        StoredProgram storage p = _programs[program];
        return Pin({packages: p.packages, verifier: Verifier.unwrap(p.verifier)});
    }

    /// @dev A program without a contract needs the program that the committee runs, and nothing that only a contract can do.
    function _checkJudged(Program calldata program) private pure {
        _checkPart("verifierProgram", program.verifierProgram == 0 ? 0 : 1, 1, 1);
        _checkPart("verifierGas", program.verifierGas, 0, 0);
        _checkPart("bindsProver", program.bindsProver ? 1 : 0, 0, 0);
    }

    function _checkVerified(Program calldata program) private view {
        bytes memory code = program.verifier.code;
        // An account that delegates (EIP-7702) can change what it runs without changing its code hash: it has no code of its own.
        _checkPart("verifier", bytes3(code) == 0xef0100 ? 0 : code.length, 1, type(uint256).max);
        _checkPart("verifierGas", program.verifierGas, 1, MAX_VERIFIER_GAS);
    }

    function _checkPart(bytes32 part, uint256 have, uint256 least, uint256 most) private pure {
        if (have < least || have > most) revert InvalidProgram(part, have, least, most);
    }
}
