// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRelayErrors, IRelayEvents, IRelayTypes} from "../../../contracts/interfaces/IRelay.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// @title A market in which Alice signs, and a key acts for her
/// @notice Alice's account is one whose key the tests know; `hot` is an account without any other role.
abstract contract RelayFixture is MarketFixture, IRelayTypes, IRelayErrors, IRelayEvents {
    uint256 internal constant ALICE_KEY = 0xa11ce;
    uint256 internal constant MALLORY_KEY = 0xbad;
    uint256 internal constant ACTION_GAS = 500_000;

    address internal hot = account("hot key");
    address internal relayer = account("relayer");
    address internal mallory = vm.addr(MALLORY_KEY);

    uint256 private _nonce;

    function setUp() public virtual override {
        alice = vm.addr(ALICE_KEY);
        super.setUp();
    }

    /// @dev An action of Alice's on the market with the next free nonce.
    function anAction(bytes memory data) internal returns (Action memory) {
        return
            Action({
                from: alice,
                target: address(market),
                gas: ACTION_GAS,
                nonce: _nonce++,
                deadline: block.timestamp + 1 hours,
                data: data
            });
    }

    function sign(uint256 key, Action memory action) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, relay.digestOf(action));
        return abi.encodePacked(r, s, v);
    }

    /// @dev Relays an action that Alice signed.
    function execute(Action memory action) internal returns (bytes memory) {
        bytes memory signature = sign(ALICE_KEY, action);
        vm.prank(relayer);
        return relay.execute(action, signature);
    }

    /// @dev As {execute}, expecting the error.
    function executeReverts(Action memory action, bytes memory failure) internal {
        bytes memory signature = sign(ALICE_KEY, action);
        vm.expectRevert(failure);
        vm.prank(relayer);
        relay.execute(action, signature);
    }

    /// @dev The hot key becomes Alice's for a day.
    function nameHot() internal {
        vm.prank(alice);
        relay.nameSubmitter(hot, block.timestamp + 1 days);
    }

    /// @dev Acts for Alice with the hot key.
    function act(bytes memory data) internal returns (bytes memory) {
        vm.prank(hot);
        return relay.act(alice, address(market), data);
    }
}
