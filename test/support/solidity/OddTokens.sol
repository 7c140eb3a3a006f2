// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GevulotToken} from "../../../contracts/GevulotToken.sol";

/// @title A token that keeps a hundredth of what is sent, once it was told to
contract TakingToken is GevulotToken {
    bool private _takes;

    constructor(address holder, uint256 supply) GevulotToken(holder, supply) {}

    /// @notice Keeps a hundredth from now on.
    function take() external {
        _takes = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (_takes && from != address(0) && to != address(0)) {
            super._update(from, address(1), amount / 100);
            amount -= amount / 100;
        }
        super._update(from, to, amount);
    }
}

/// @title A token that calls one account before and after every balance that changes
/// @notice Worse than ERC-777, which calls sender and recipient alone: it calls the same account whoever sends or burns, and to whom.
contract CallingToken is GevulotToken {
    /// @notice Whom it calls; nobody while this is zero.
    Intruder public listener;

    constructor(address holder, uint256 supply) GevulotToken(holder, supply) {}

    /// @notice Calls this account from now on.
    function listen(Intruder listener_) external {
        listener = listener_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (address(listener) != address(0)) listener.moved();
        super._update(from, to, amount);
        if (address(listener) != address(0)) listener.moved();
    }
}

/// @title An account that enters contracts again whenever its token calls it
contract Intruder {
    /// @notice How often the token called.
    uint256 public heard;
    /// @notice Calls that were carried out within a payment.
    uint256 public done;
    /// @notice Calls that were refused within a payment.
    uint256 public refused;

    address[] private _targets;
    bytes[] private _calls;
    bool private _inside;

    /// @notice One more call to be tried at every movement of tokens.
    function plan(address target, bytes calldata data) external {
        _targets.push(target);
        _calls.push(data);
    }

    /// @notice Tries all planned calls, not within one of them: each of them moves tokens too.
    function moved() external {
        ++heard;
        if (_inside) return;
        _inside = true;
        for (uint256 i; i < _calls.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, ) = _targets[i].call(_calls[i]);
            if (ok) ++done;
            else ++refused;
        }
        _inside = false;
    }
}
