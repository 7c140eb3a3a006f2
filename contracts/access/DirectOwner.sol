// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC2771Context} from "@openzeppelin/contracts/metatx/ERC2771Context.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Context} from "@openzeppelin/contracts/utils/Context.sol";

/// @title Who calls, and who owns
/// @notice Every contract of the network reads its caller by `_msgSender()`: the account itself, or the account for which the {Relay}
/// calls. The owner is the one exception: its acts are never relayed, so no signature can carry one.
abstract contract DirectOwner is ERC2771Context, Ownable2Step {
    /// @dev The same as `trustedForwarder()`, for a short way on every call.
    address private immutable _forwarder;

    /// @notice Ownership is exercised and handed over by direct calls only.
    error OwnerActsDirectly();

    modifier directly() {
        if (msg.sender == _forwarder) revert OwnerActsDirectly();
        _;
    }

    /// @param relay_ The {Relay}, for ever.
    constructor(address relay_) ERC2771Context(relay_) {
        _forwarder = relay_;
    }

    /// @notice Takes over an ownership that was offered with `transferOwnership`.
    function acceptOwnership() public override directly {
        super.acceptOwnership();
    }

    function _checkOwner() internal view override directly {
        super._checkOwner();
    }

    function _msgSender() internal view override(Context, ERC2771Context) returns (address) {
        if (msg.sender != _forwarder) return msg.sender;
        return ERC2771Context._msgSender();
    }

    /// @dev What a batch must append to each of its calls to itself: the account the relay named, or nothing. Without it the last
    /// bytes of an item, which the caller chooses, would name the caller.
    function _callerSuffix() internal view returns (bytes calldata) {
        return msg.sender == _forwarder ? msg.data[msg.data.length - 20:] : msg.data[:0];
    }

    function _msgData() internal view override(Context, ERC2771Context) returns (bytes calldata) {
        return ERC2771Context._msgData();
    }

    function _contextSuffixLength() internal view override(Context, ERC2771Context) returns (uint256) {
        return ERC2771Context._contextSuffixLength();
    }
}
