// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {ContentVerifier} from "../support/solidity/Verifiers.sol";

contract MarketProgramsTest is MarketFixture {
    function test_deployProgram_StoresWhatAVerificationNeeds() public sound {
        Program memory p = aProgram(address(new ContentVerifier()), true);
        bytes32 codeHash = p.verifier.codehash;
        Pin memory pin = aPin(p);
        bytes32 id = keccak256(abi.encode(block.chainid, address(market), pin.packages, pin.verifier, codeHash));
        vm.expectEmit(address(market));
        emit ProgramDeployed(id, alice, p, codeHash, "ipfs://somewhere");
        vm.prank(alice);
        assertEq(market.deployProgram(p, "ipfs://somewhere"), id, "id");
        (address verifier_, bytes32 stored, uint32 gas_, uint8 class, bool binds, bool judged) = market.programOf(id);
        assertEq(verifier_, p.verifier, "verifier");
        assertEq(stored, codeHash, "code hash");
        assertEq(gas_, VERIFIER_GAS, "gas");
        assertEq(class, CLASS, "class");
        assertTrue(binds, "binds the prover");
        assertTrue(!judged, "the contract decides");
        assertEq(abi.encode(market.pinOf(id)), abi.encode(pin), "pin");
    }

    function testFuzz_pinOf_SaysWhatWasDeployed(Program memory p) public sound {
        p.verifier = verifier;
        p.verifierGas = uint32(bound(p.verifierGas, 1, 15_000_000));
        if (p.prover == 0) p.prover = bytes32("prover");
        bytes32 id = market.deployProgram(p, "");
        assertEq(abi.encode(market.pinOf(id)), abi.encode(aPin(p)), "pin");
        (address verifier_, , uint32 gas_, uint8 class, bool binds, ) = market.programOf(id);
        assertEq(verifier_, p.verifier, "verifier");
        assertEq(gas_, p.verifierGas, "gas");
        assertEq(class, p.class, "class");
        assertTrue(binds == p.bindsProver, "binds the prover");
    }

    function test_deployProgram_AgainChangesNothing() public sound {
        startLogs();
        vm.prank(alice);
        bytes32 id = market.deployProgram(aProgram(verifier, false), "https://elsewhere.example");
        assertEq(id, program, "same id");
        assertEq(countLogs(ProgramDeployed.selector), 0, "no event");
    }

    function test_deployProgram_EveryFieldIsPartOfTheId() public sound {
        Program[6] memory others;
        for (uint256 i; i < 6; ++i) others[i] = aProgram(verifier, false);
        others[0].prover = bytes32("other");
        others[1].verifierProgram = bytes32("other");
        others[2].verifier = address(beacon);
        others[3].verifierGas += 1;
        others[4].class = 2;
        others[5].bindsProver = true;
        for (uint256 i; i < 6; ++i) assertTrue(market.deployProgram(others[i], "") != program, "another program");
    }

    function test_deployProgram_RevertWhen_VerifierHasNoCode() public sound {
        _expectInvalid(aProgram(alice, false), "verifier", 0, 1, type(uint256).max);
    }

    function test_deployProgram_WithoutAContractIsJudged() public sound {
        Program memory p = aJudgedProgram();
        Pin memory pin = aPin(p);
        bytes32 id = keccak256(abi.encode(block.chainid, address(market), pin.packages, pin.verifier, bytes32(0)));
        vm.expectEmit(address(market));
        emit ProgramDeployed(id, address(this), p, 0, "");
        assertEq(market.deployProgram(p, ""), id, "id");
        (address verifier_, bytes32 codeHash, uint32 gas_, uint8 class, bool binds, bool judged) = market.programOf(id);
        assertTrue(verifier_ == address(0) && codeHash == 0 && gas_ == 0 && !binds, "no contract");
        assertEq(class, CLASS, "class");
        assertTrue(judged, "a committee decides");
        startLogs();
        market.deployProgram(p, "");
        assertEq(countLogs(ProgramDeployed.selector), 0, "again changes nothing");
    }

    function test_deployProgram_RevertWhen_NothingCanVerify() public sound {
        Program memory p = aJudgedProgram();
        p.verifierProgram = 0;
        _expectInvalid(p, "verifierProgram", 0, 1, 1);
        p = aJudgedProgram();
        p.verifierGas = 1;
        _expectInvalid(p, "verifierGas", 1, 0, 0);
        p = aJudgedProgram();
        p.bindsProver = true;
        _expectInvalid(p, "bindsProver", 1, 0, 0);
        p = aJudgedProgram();
        p.prover = 0;
        _expectInvalid(p, "prover", 0, 1, 1);
    }

    /// @dev Attack: an account that delegates (EIP-7702) changes what it runs without changing its code hash.
    function test_deployProgram_RevertWhen_VerifierDelegates() public sound {
        vm.etch(alice, abi.encodePacked(bytes3(0xef0100), verifier));
        _expectInvalid(aProgram(alice, false), "verifier", 0, 1, type(uint256).max);
    }

    function test_deployProgram_RevertWhen_GasIsOutOfBounds() public sound {
        Program memory p = aProgram(verifier, false);
        p.verifierGas = 0;
        _expectInvalid(p, "verifierGas", 0, 1, 15_000_000);
        p.verifierGas = 15_000_001;
        _expectInvalid(p, "verifierGas", 15_000_001, 1, 15_000_000);
        p.verifierGas = 15_000_000;
        market.deployProgram(p, "");
    }

    function test_deployProgram_RevertWhen_NoProver() public sound {
        Program memory p = aProgram(verifier, false);
        p.prover = 0;
        _expectInvalid(p, "prover", 0, 1, 1);
    }

    function test_programOf_UnknownIsZero() public sound {
        (address verifier_, , , , , bool judged) = market.programOf(bytes32("unknown"));
        assertTrue(!judged, "not deployed");
        assertEq(verifier_, address(0), "none");
        assertEq(abi.encode(market.pinOf(bytes32("unknown"))), abi.encode(Pin(0, 0)), "no pin");
    }

    function _expectInvalid(Program memory p, bytes32 what, uint256 have, uint256 least, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidProgram.selector, what, have, least, most));
        market.deployProgram(p, "");
    }
}
