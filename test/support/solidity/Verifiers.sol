// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";

/// @title Accepts a proof that starts with the keccak-256 of the public inputs; reverts on a proof that is too short
contract ContentVerifier is IProofVerifier {
    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata publicInputs, bytes calldata proof) external pure returns (bool) {
        return bytes32(proof[:32]) == keccak256(publicInputs);
    }
}

/// @title Accepts a proof that starts with the keccak-256 of public inputs and prover
contract BindingVerifier is IProofVerifier {
    /// @inheritdoc IProofVerifier
    function verify(
        bytes32,
        address prover,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external pure returns (bool) {
        return bytes32(proof[:32]) == keccak256(abi.encode(keccak256(publicInputs), prover));
    }
}

/// @title Answers every proof with the same raw bytes
contract AnsweringVerifier {
    bytes private _answer;

    /// @param answer What every call returns.
    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback() external {
        bytes memory answer = _answer;
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }
}

/// @title Reverts with a reason
contract RevertingVerifier is IProofVerifier {
    /// @notice The reason.
    error Refused();

    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata, bytes calldata) external pure returns (bool) {
        revert Refused();
    }
}

/// @title Uses up all the gas it is given
contract GasBurningVerifier is IProofVerifier {
    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata, bytes calldata) external pure returns (bool) {
        assembly {
            invalid()
        }
    }
}

/// @title Needs `needed` gas to say yes, and fails with less
contract HungryVerifier is IProofVerifier {
    /// @notice Gas it must be given.
    uint256 public immutable needed;

    /// @param needed_ Gas it must be given.
    constructor(uint256 needed_) {
        needed = needed_;
    }

    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata, bytes calldata) external view returns (bool) {
        return gasleft() + 2_000 > needed;
    }
}

/// @title Says yes followed by a megabyte of zeros
contract ReturnBombVerifier is IProofVerifier {
    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata, bytes calldata) external pure returns (bool) {
        assembly {
            mstore(0, 1)
            return(0, 1000000)
        }
    }
}

/// @title Tries to change the market from within a verification, and says yes if it could
contract ReenteringVerifier is IProofVerifier {
    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata, bytes calldata proof) external view returns (bool) {
        (bool ok, ) = address(msg.sender).staticcall(proof);
        return ok;
    }
}
