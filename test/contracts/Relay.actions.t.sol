// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketExtension} from "../../contracts/interfaces/IMarket.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {IRelay} from "../../contracts/interfaces/IRelay.sol";
import {Relay} from "../../contracts/Relay.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {RelayFixture} from "../support/solidity/RelayFixture.sol";
import {BurningWallet, ContentlessWallet, KeyWallet} from "../support/solidity/Wallets.sol";

contract RelayActionsTest is RelayFixture {
    using RequestBuilder for Request;

    // ─── What it is for ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_execute_AcceptsForAnAccountWithoutGas() public sound {
        Workload memory w = drawnToAlice();
        Action memory action = anAction(abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice])));
        bytes memory signature = sign(ALICE_KEY, action);
        vm.expectEmit(address(relay));
        emit NonceSpent(alice, action.nonce, false);
        vm.prank(relayer);
        relay.execute(action, signature);
        assertSlot(w, seatOf[alice], SlotState.Accepted);
        assertTrue(relay.isNonceUsed(alice, action.nonce), "spent");
    }

    function test_execute_SubmitsForARequester() public sound {
        fund(alice, FEE);
        Request memory request = aRequest();
        request.nonce = 0;
        bytes memory id = execute(anAction(abi.encodeCall(IMarketCore.submit, (request))));
        assertEq(uint256(market.workloadOf(abi.decode(id, (bytes32))).phase), uint256(Phase.Pending), "phase");
        assertEq(balanceOf(alice), 0, "Alice paid");
    }

    function test_execute_WithdrawsFundsAndBonds() public sound {
        fund(alice, 5 ether);
        address vault = account("vault");
        execute(anAction(abi.encodeCall(IMarketCore.withdraw, (vault, 5 ether))));
        Action memory leaving = anAction(abi.encodeCall(IProverRegistry.leaveSet, (one(seatOf[alice]))));
        leaving.target = address(registry);
        execute(leaving);
        warp(block.timestamp + COOLDOWN);
        Action memory taking = anAction(abi.encodeCall(IProverRegistry.withdraw, (one(seatOf[alice]), vault)));
        taking.target = address(registry);
        execute(taking);
        assertEq(token.balanceOf(vault), 5 ether + BOND, "vault");
    }

    /// @dev The operator's key stays cold and holds no gas: it signs once, and the hot key signs all else.
    function test_execute_NamesASubmitterThatOnlySignsToo() public sound {
        uint256 hotKey = 0x407;
        hot = vm.addr(hotKey);
        Action memory name = anAction(abi.encodeCall(IRelay.nameSubmitter, (hot, block.timestamp + 1 days)));
        name.target = address(relay);
        execute(name);
        assertEq(relay.submitterUntil(alice, hot), block.timestamp + 1 days, "named by Alice");
        Workload memory w = drawnToAlice();
        bytes memory accept_ = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice]));
        Action memory action = anAction(abi.encodeCall(IRelay.act, (alice, address(market), accept_)));
        (action.from, action.target) = (hot, address(relay));
        bytes memory signature = sign(hotKey, action);
        vm.prank(relayer);
        relay.execute(action, signature);
        assertSlot(w, seatOf[alice], SlotState.Accepted);
    }

    function test_execute_TakesNoncesInAnyOrder() public sound {
        fund(alice, 3 ether);
        uint256[3] memory nonces = [type(uint256).max, 0, 256];
        for (uint256 i; i < nonces.length; ++i) {
            Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
            action.nonce = nonces[i];
            execute(action);
        }
        assertEq(token.balanceOf(bob), 3 ether, "all three");
    }

    function testFuzz_execute_SpendsExactlyItsNonce(uint256 nonce, uint256 other) public sound {
        vm.assume(nonce != other);
        fund(alice, 2 ether);
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        action.nonce = nonce;
        execute(action);
        assertTrue(relay.isNonceUsed(alice, nonce), "spent");
        assertFalse(relay.isNonceUsed(alice, other), "another is free");
        assertFalse(relay.isNonceUsed(bob, nonce), "of another account");
        executeReverts(action, abi.encodeWithSelector(NonceUsed.selector, alice, nonce));
    }

    function test_cancelNonce_TakesAnActionBack() public sound {
        Workload memory w = drawnToAlice();
        Action memory action = anAction(abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice])));
        vm.expectEmit(address(relay));
        emit NonceSpent(alice, action.nonce, true);
        vm.prank(alice);
        relay.cancelNonce(action.nonce);
        executeReverts(action, abi.encodeWithSelector(NonceUsed.selector, alice, action.nonce));
    }

    function test_execute_EndsWithItsLastSecond() public sound {
        fund(alice, 2 ether);
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        warp(action.deadline + 1);
        executeReverts(action, abi.encodeWithSelector(ActionExpired.selector, block.timestamp, action.deadline));
        warp(action.deadline);
        execute(action);
    }

    function test_execute_TakesWhatAContractAccountAccepts() public sound {
        KeyWallet wallet = new KeyWallet(alice);
        fund(address(wallet), 1 ether);
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        action.from = address(wallet);
        execute(action);
        assertEq(token.balanceOf(bob), 1 ether, "paid");
        action.nonce += 1;
        bytes memory signature = sign(MALLORY_KEY, action);
        vm.expectRevert(abi.encodeWithSelector(InvalidSignature.selector, address(wallet)));
        relay.execute(action, signature);
    }

    /// @dev An account that delegated its code (EIP-7702) still has its key.
    function test_execute_TakesTheKeyOfADelegatedAccount() public sound {
        fund(alice, 1 ether);
        vm.etch(alice, abi.encodePacked(hex"ef0100", address(new ContentlessWallet())));
        execute(anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether))));
        assertEq(token.balanceOf(bob), 1 ether, "paid");
    }

    // ─── Batches ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_executeMany_ABadItemBlocksNoNeighbour() public sound {
        fund(alice, 2 ether);
        (Action[] memory actions, bytes[] memory signatures) = _batch(4);
        actions[0].deadline = 0;
        signatures[1] = hex"00";
        actions[2] = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 3 ether)));
        signatures[2] = sign(ALICE_KEY, actions[2]);
        vm.expectEmit(address(relay));
        emit ActionFailed(
            alice,
            actions[2].nonce,
            abi.encodeWithSelector(InsufficientBalance.selector, 2 ether, 3 ether)
        );
        bool[] memory done = relay.executeMany(actions, signatures);
        assertFalse(done[0] || done[1] || done[2], "the bad ones");
        assertTrue(done[3], "the good one");
        assertEq(token.balanceOf(bob), 1 ether, "paid once");
        assertFalse(relay.isNonceUsed(alice, actions[2].nonce), "a failed action keeps its nonce");
    }

    function test_executeMany_RevertWhen_SignaturesAreMissing() public sound {
        (Action[] memory actions, ) = _batch(2);
        vm.expectRevert(abi.encodeWithSelector(LengthMismatch.selector, 2, 1));
        relay.executeMany(actions, new bytes[](1));
    }

    /// @dev Attack: a contract account burns all gas it is given while it judges a signature, or asks for an absurd amount.
    function test_executeMany_ABurningWalletTakesNoNeighboursGas() public sound {
        fund(alice, 1 ether);
        (Action[] memory actions, bytes[] memory signatures) = _batch(3);
        actions[0].from = address(new BurningWallet());
        actions[1].gas = type(uint256).max;
        bool[] memory done = relay.executeMany{gas: 3_000_000}(actions, signatures);
        assertFalse(done[0] || done[1], "the burner and the absurd one");
        assertTrue(done[2], "its neighbour");
    }

    // ─── Attacks ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack: any change of a signed action, and any other signer.
    function test_execute_RevertWhen_AnythingSignedIsChanged() public sound {
        fund(alice, 2 ether);
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        bytes memory signature = sign(ALICE_KEY, action);
        bytes memory failure = abi.encodeWithSelector(InvalidSignature.selector, alice);
        Action[5] memory changed = [_copy(action), _copy(action), _copy(action), _copy(action), _copy(action)];
        changed[0].target = address(registry);
        changed[1].gas -= 1;
        changed[2].nonce += 1;
        changed[3].deadline += 1;
        changed[4].data = abi.encodeCall(IMarketCore.withdraw, (mallory, 1 ether));
        for (uint256 i; i < changed.length; ++i) {
            vm.expectRevert(failure);
            relay.execute(changed[i], signature);
        }
        bytes memory forged = sign(MALLORY_KEY, action);
        vm.expectRevert(failure);
        relay.execute(action, forged);
        action.from = mallory;
        vm.expectRevert(abi.encodeWithSelector(InvalidSignature.selector, mallory));
        relay.execute(action, signature);
    }

    /// @dev Attack: the same signature on another chain, or to another relay.
    function test_execute_RevertWhen_ReplayedElsewhere() public sound {
        fund(alice, 2 ether);
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        bytes memory signature = sign(ALICE_KEY, action);
        Relay other = new Relay(address(market), address(registry), address(qualification), address(committee));
        vm.expectRevert(abi.encodeWithSelector(InvalidSignature.selector, alice));
        other.execute(action, signature);
        vm.chainId(5);
        vm.expectRevert(abi.encodeWithSelector(InvalidSignature.selector, alice));
        relay.execute(action, signature);
    }

    /// @dev Attack: the other form of the same signature, to have it executed twice.
    function test_execute_RevertWhen_TheSignatureIsMalleated() public sound {
        fund(alice, 2 ether);
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, relay.digestOf(action));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory malleated = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(InvalidSignature.selector, alice));
        relay.execute(action, malleated);
    }

    /// @dev Attack: a relayer gives too little gas, so that the call fails or a part of it does, and the action counts as used.
    function test_execute_RevertWhen_ARelayerStarvesTheCall() public sound {
        fund(alice, 1 ether);
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        bytes memory signature = sign(ALICE_KEY, action);
        (bool ok, bytes memory answer) = address(relay).call{gas: ACTION_GAS}(
            abi.encodeCall(IRelay.execute, (action, signature))
        );
        assertFalse(ok, "refused");
        assertEq(bytes32(bytes4(answer)), bytes32(ActionNeedsGas.selector), "with the reason");
        assertFalse(relay.isNonceUsed(alice, action.nonce), "the nonce is unspent");
        execute(action);
    }

    function test_execute_LeavesTheNonceOfAFailedCall() public sound {
        Action memory action = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
        executeReverts(action, abi.encodeWithSelector(InsufficientBalance.selector, 0, 1 ether));
        fund(alice, 1 ether);
        execute(action);
        assertEq(token.balanceOf(bob), 1 ether, "later it works");
    }

    /// @dev Attack: the twenty bytes that name the caller, sent by somebody who is not the relay.
    function test_spoofing_AppendedBytesMeanNothingFromOthers() public sound {
        fund(alice, 1 ether);
        bytes memory data = abi.encodePacked(abi.encodeCall(IMarketCore.withdraw, (mallory, 1 ether)), alice);
        vm.prank(mallory);
        (bool ok, bytes memory answer) = address(market).call(data);
        assertFalse(ok, "refused");
        assertEq(answer, abi.encodeWithSelector(InsufficientBalance.selector, 0, 1 ether), "it is Mallory that asks");
    }

    /// @dev Attack: Mallory signs a call whose data ends with Alice's address, through hot path and extension.
    function test_spoofing_TheLastBytesAreTheRelays() public sound {
        fund(alice, 1 ether);
        Workload memory w = drawnToAlice();
        bytes[2] memory calls = [
            abi.encodePacked(abi.encodeCall(IMarketCore.withdraw, (mallory, 1 ether)), alice),
            abi.encodePacked(abi.encodeCall(IMarketExtension.decline, (w.spec, seatOf[alice])), alice)
        ];
        bytes[2] memory failures = [
            abi.encodeWithSelector(InsufficientBalance.selector, 0, 1 ether),
            abi.encodeWithSelector(NotOperator.selector, seatOf[alice], mallory, alice)
        ];
        for (uint256 i; i < calls.length; ++i) {
            Action memory action = anAction(calls[i]);
            action.from = mallory;
            bytes memory signature = sign(MALLORY_KEY, action);
            vm.expectRevert(failures[i]);
            relay.execute(action, signature);
        }
    }

    /// @dev Attack: the relay calls the token, or anything else that might know it.
    function test_execute_RevertWhen_TheTargetIsAnother() public sound {
        Action memory action = anAction(abi.encodeWithSignature("transfer(address,uint256)", mallory, 1));
        action.target = address(token);
        executeReverts(action, abi.encodeWithSelector(UnknownTarget.selector, address(token)));
        action.target = address(extension);
        executeReverts(action, abi.encodeWithSelector(UnknownTarget.selector, address(extension)));
    }

    function test_execute_RevertWhen_TheSelectorIsCut() public sound {
        Action memory action = anAction(hex"010203");
        executeReverts(action, abi.encodeWithSelector(NotAnAct.selector, address(market), bytes4(0)));
    }

    /// @dev Attack: an owner's act in a signature that somebody holds back, or that a web page asked for.
    function test_owner_CannotActThroughTheRelay() public sound {
        vm.startPrank(owner);
        registry.transferOwnership(alice);
        core.transferOwnership(alice);
        vm.stopPrank();
        bytes memory refused = abi.encodeWithSignature("OwnerActsDirectly()");
        Action memory accept_ = anAction(abi.encodeWithSignature("acceptOwnership()"));
        executeReverts(accept_, refused);
        accept_.target = address(registry);
        executeReverts(accept_, refused);
        vm.startPrank(alice);
        registry.acceptOwnership();
        core.acceptOwnership();
        vm.stopPrank();
        Action memory admit = anAction(abi.encodeWithSignature("admit(address,bool)", mallory, true));
        admit.target = address(registry);
        executeReverts(admit, refused);
        executeReverts(anAction(abi.encodeCall(IMarketExtension.addRules, (someRules()))), refused);
        executeReverts(anAction(abi.encodeWithSignature("transferOwnership(address)", mallory)), refused);
    }

    /// @dev A commitment names the operator, not the relay: a relayer that sees it cannot claim it.
    function test_reveal_BindsTheOperatorUnderTheRelay() public sound {
        Workload memory w = drawnToAliceAndBob();
        uint256 seat = seatOf[alice];
        execute(anAction(abi.encodeCall(IMarketCore.commit, (w.id, seat, commitmentOf(w, seat, proofOf(seat))))));
        commit(w, seatOf[bob]);
        warp(block.timestamp + REVEAL_DELAY + 1);
        bytes memory data = abi.encodeCall(
            IMarketCore.reveal,
            (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat), saltOf(seat))
        );
        vm.prank(relayer);
        (bool ok, ) = address(market).call(data);
        assertFalse(ok, "the relayer in its own name");
        Action memory action = anAction(data);
        action.gas = 1_000_000;
        execute(action);
        assertEq(market.slotOf(w.id, seat).payload, uint160(alice), "Alice's");
    }

    // ─── Helpers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Withdrawals of one token to Bob, signed by Alice.
    function _batch(uint256 count) private returns (Action[] memory actions, bytes[] memory signatures) {
        actions = new Action[](count);
        signatures = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            actions[i] = anAction(abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether)));
            signatures[i] = sign(ALICE_KEY, actions[i]);
        }
    }

    function _copy(Action memory a) private pure returns (Action memory) {
        return Action(a.from, a.target, a.gas, a.nonce, a.deadline, a.data);
    }
}
