// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "../../../contracts/interfaces/IMarket.sol";

/// @title aRequest().withSlots(3).withFee(10 ether)
/// @dev Each function changes the request it is called on and returns it.
library RequestBuilder {
    function withProgram(
        IMarketTypes.Request memory r,
        bytes32 program
    ) internal pure returns (IMarketTypes.Request memory) {
        r.program = program;
        return r;
    }

    function withSlots(
        IMarketTypes.Request memory r,
        uint256 redundancy
    ) internal pure returns (IMarketTypes.Request memory) {
        r.redundancy = redundancy;
        return r;
    }

    function withFee(IMarketTypes.Request memory r, uint256 fee) internal pure returns (IMarketTypes.Request memory) {
        r.fee = fee;
        return r;
    }

    function withRunTime(
        IMarketTypes.Request memory r,
        uint256 maxRunTime
    ) internal pure returns (IMarketTypes.Request memory) {
        r.maxRunTime = maxRunTime;
        return r;
    }

    function withRescue(
        IMarketTypes.Request memory r,
        uint256 rescue
    ) internal pure returns (IMarketTypes.Request memory) {
        r.rescue = rescue;
        return r;
    }

    function withNonce(
        IMarketTypes.Request memory r,
        uint256 nonce
    ) internal pure returns (IMarketTypes.Request memory) {
        r.nonce = nonce;
        return r;
    }
}

/// @title someRules().withReveal(36, 600)
/// @dev Each function changes the rules it is called on and returns them.
library RulesBuilder {
    function withResponse(
        IMarketTypes.Rules memory r,
        uint32 window
    ) internal pure returns (IMarketTypes.Rules memory) {
        r.responseWindow = window;
        return r;
    }

    function withSilence(IMarketTypes.Rules memory r, uint32 window) internal pure returns (IMarketTypes.Rules memory) {
        r.silenceWindow = window;
        return r;
    }

    function withReveal(
        IMarketTypes.Rules memory r,
        uint32 delay,
        uint32 window
    ) internal pure returns (IMarketTypes.Rules memory) {
        r.revealDelay = delay;
        r.revealWindow = window;
        return r;
    }

    function withCancelDelay(
        IMarketTypes.Rules memory r,
        uint32 delay
    ) internal pure returns (IMarketTypes.Rules memory) {
        r.cancelDelay = delay;
        return r;
    }

    function withBaseBurn(IMarketTypes.Rules memory r, uint16 bps) internal pure returns (IMarketTypes.Rules memory) {
        r.baseBurnBps = bps;
        return r;
    }

    function withBounties(
        IMarketTypes.Rules memory r,
        uint32 assignBounty,
        uint32 settleBounty
    ) internal pure returns (IMarketTypes.Rules memory) {
        r.assignBounty = assignBounty;
        r.settleBounty = settleBounty;
        return r;
    }

    function withCommittee(
        IMarketTypes.Rules memory r,
        uint16 bps,
        uint32 verdictWindow
    ) internal pure returns (IMarketTypes.Rules memory) {
        r.committeeBps = bps;
        r.verdictWindow = verdictWindow;
        return r;
    }

    function withBeacon(IMarketTypes.Rules memory r, address beacon) internal pure returns (IMarketTypes.Rules memory) {
        r.beacon = beacon;
        return r;
    }
}
