// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Many views in one call, all of the same block
contract Reader {
    struct View {
        address target;
        bytes data;
    }

    /// @notice A view reverted.
    error ViewFailed(uint256 index, bytes reason);

    /// @notice Calls views and returns their answers.
    function read(View[] calldata views) external view returns (bytes[] memory answers) {
        answers = new bytes[](views.length);
        for (uint256 i; i < views.length; ++i) {
            (bool ok, bytes memory answer) = views[i].target.staticcall(views[i].data);
            if (!ok) revert ViewFailed(i, answer);
            answers[i] = answer;
        }
    }
}
